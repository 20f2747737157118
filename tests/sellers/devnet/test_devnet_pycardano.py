"""pycardano's Blockfrost context, unmodified, works on the devnet."""

import pytest
from pycardano import (  # type: ignore[import-untyped]  # it ships no types
    Address,
    AlonzoMetadata,
    AssetName,
    AuxiliaryData,
    BlockFrostChainContext,
    ExecutionUnits,
    Metadata,
    MultiAsset,
    Network,
    PaymentSigningKey,
    PaymentVerificationKey,
    PlutusV3Script,
    Redeemer,
    ScriptPubkey,
    TransactionBuilder,
    TransactionFailedException,
    TransactionOutput,
    Unit,
    Value,
    plutus_script_hash,
)

from tests.support.processes.devnet import DevnetProcess

ALWAYS_TRUE = bytes.fromhex("450101002499")  # Plutus V3: takes the script context, gives unit
NAME = b"CREATE"


class Payer:
    """A funded pycardano key on the devnet."""

    def __init__(self, devnet: DevnetProcess) -> None:
        self.devnet = devnet
        self.context = BlockFrostChainContext("any", base_url=f"{devnet.origin}/api")
        self.key = PaymentSigningKey.generate()
        self.verification_key = PaymentVerificationKey.from_signing_key(self.key)
        self.address = Address(self.verification_key.hash(), network=Network.TESTNET)
        self.policy = ScriptPubkey(self.verification_key.hash())
        for _ in range(2):
            devnet.faucet(str(self.address), 50_000_000)
        devnet.blocks()

    def builder(self) -> TransactionBuilder:
        builder = TransactionBuilder(self.context)
        builder.add_input_address(self.address)
        return builder

    def send(self, builder: TransactionBuilder) -> str:
        """Balances, signs and submits; in a block when this returns."""
        signed = builder.build_and_sign([self.key], self.address)
        self.context.submit_tx(signed)
        self.devnet.blocks()
        return str(signed.id)

    def mint(self, quantity: int) -> str:
        """Mints under the key's native policy, or burns below zero."""
        builder = self.builder()
        builder.mint = MultiAsset.from_primitive({self.policy.hash().payload: {NAME: quantity}})
        builder.native_scripts = [self.policy]
        return self.send(builder)

    @property
    def unit(self) -> str:
        return str(self.policy.hash()) + NAME.hex()


def test_a_payment_that_pycardano_builds_is_in_the_next_block(devnet: DevnetProcess) -> None:
    payer, shop = Payer(devnet), Payer(devnet)
    builder = payer.builder()
    builder.add_output(TransactionOutput(shop.address, 3_000_000))
    builder.ttl = payer.context.last_block_slot + 1000
    builder.auxiliary_data = AuxiliaryData(AlonzoMetadata(metadata=Metadata({8402: {"prt": b"\x01" * 32}})))

    tx_hash = payer.send(builder)

    held = [utxo for utxo in shop.context.utxos(shop.address) if str(utxo.input.transaction_id) == tx_hash]
    assert [utxo.output.amount.coin for utxo in held] == [3_000_000]


def test_pycardano_mints_and_burns_under_a_native_script(devnet: DevnetProcess) -> None:
    payer = Payer(devnet)

    payer.mint(100)
    payer.mint(-30)

    policy, name = payer.policy.hash(), AssetName(NAME)
    held = [utxo.output.amount.multi_asset for utxo in payer.context.utxos(payer.address)]
    assert sum(tokens[policy][name] for tokens in held if tokens) == 70
    assert devnet.get(f"/assets/{payer.unit}")["quantity"] == "70"


def test_pycardano_is_told_the_ledgers_reason_for_a_refusal(devnet: DevnetProcess) -> None:
    payer = Payer(devnet)
    signed = payer.builder().build_and_sign([payer.key], payer.address)
    signed.transaction_body.fee -= 1

    with pytest.raises(TransactionFailedException, match=r"Error code: 400.*transaction submit error"):
        payer.context.submit_tx(signed)


def test_pycardano_runs_a_plutus_policy_whose_cost_the_devnet_evaluated(devnet: DevnetProcess) -> None:
    payer = Payer(devnet)
    script = PlutusV3Script(ALWAYS_TRUE)
    builder = payer.builder()
    builder.add_minting_script(script, Redeemer(Unit()))
    builder.mint = MultiAsset.from_primitive({plutus_script_hash(script).payload: {NAME: 5}})

    payer.send(builder)

    unit = plutus_script_hash(script).payload.hex() + NAME.hex()
    assert devnet.get(f"/assets/{unit}")["quantity"] == "5"


def test_an_evaluation_names_memory_and_steps_for_each_redeemer(devnet: DevnetProcess) -> None:
    payer = Payer(devnet)
    script = PlutusV3Script(ALWAYS_TRUE)
    builder = payer.builder()
    builder.add_minting_script(script, Redeemer(Unit(), ExecutionUnits(100_000, 10_000_000)))
    builder.mint = MultiAsset.from_primitive({plutus_script_hash(script).payload: {NAME: 5}})
    signed = builder.build_and_sign([payer.key], payer.address)

    found = payer.context.evaluate_tx(signed)

    assert list(found) == ["mint:0"]
    assert 0 < found["mint:0"].mem < 100_000
    assert 0 < found["mint:0"].steps < 10_000_000


@pytest.mark.parametrize("script", [PlutusV3Script(ALWAYS_TRUE), None], ids=["plutus", "native"])
def test_pycardano_reads_a_reference_script_back(
    devnet: DevnetProcess, script: PlutusV3Script | None
) -> None:
    payer = Payer(devnet)
    builder = payer.builder()
    builder.add_output(TransactionOutput(payer.address, Value(5_000_000), script=script or payer.policy))

    payer.send(builder)

    found = [utxo.output.script for utxo in payer.context.utxos(payer.address) if utxo.output.script]
    assert found == [script or payer.policy]


def test_pycardano_reads_the_parameters_that_the_ledger_applies(devnet: DevnetProcess) -> None:
    context = BlockFrostChainContext("any", base_url=f"{devnet.origin}/api")

    parameters = context.protocol_param

    assert (parameters.min_fee_coefficient, parameters.min_fee_constant) == (44, 155_381)
    assert (parameters.max_tx_size, parameters.coins_per_utxo_byte) == (16_384, 4_310)
    assert [len(model) for model in parameters.cost_models.values()] == [166, 175, 297]
    assert context.genesis_param.slot_length == 1
    assert context.epoch == 0
