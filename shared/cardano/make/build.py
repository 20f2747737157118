"""Payments, mints and burns: drafts with the exact minimum fee, for one key to sign.

Made of pycardano's objects, and judged by a reader that shares nothing with it (`read`). Importing pycardano
takes 0.7 s and a draft 5 to 50 ms of pure Python: both belong in a thread. Signing is a second step, so that
the key may be remote: sign `bytes.fromhex(draft.id)`, then `draft.sign(...)`.
"""

from collections.abc import Sequence

from shared.cardano import coins, fees
from shared.cardano.addresses import check_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import OutputReference, Parameters, Utxo
from shared.cardano.draft import Draft
from shared.cardano.fixed_supply import MINT_UNITS, FixedSupply
from shared.cardano.make.drafting import Plan, drafted
from shared.cardano.make.parts import output, output_with_script
from shared.cardano.metadata import BatchCommitment, burn_metadata, payment_metadata
from shared.cardano.policy import ExecutionUnits, NativeScript, PlutusScript
from shared.keys import PublicKey

_MOST_TOKENS = 2**63 - 1


def payment(
    *,
    utxos: Sequence[Utxo],
    change_address: str,
    recipient: str,
    lovelace: int,
    token_hash: bytes | None,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
) -> Draft:
    """Pay `lovelace` to `recipient`, with the payment request's `token_hash` (32 bytes), if any, in the metadata.

    The payment is output 0, the change output 1. `Shortage` when the outputs do not suffice, `ValueError`
    when the recipient is not an address of `network` or gets less than an output must hold.
    """
    check_address(recipient, network)
    sent = output(recipient, max(lovelace, 0), {})
    if lovelace < fees.least_lovelace(sent.to_cbor(), parameters):
        raise ValueError("the payment is less than an output must hold")
    metadata = None if token_hash is None else payment_metadata(token_hash)
    plan = Plan(change_address, parameters, expiry_slot, key, network, sent=(sent,), metadata=metadata)
    return drafted(plan, coins.selections(utxos))


def mint(
    *,
    utxos: Sequence[Utxo],
    change_address: str,
    asset: Asset,
    quantity: int,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
) -> Draft:
    """Make `quantity` tokens of `asset`, whose policy must be `key`'s `NativeScript`, and keep them."""
    if not 1 <= quantity <= _MOST_TOKENS:
        raise ValueError(f"at least one token must be minted, and at most {_MOST_TOKENS}")
    script = NativeScript(key_hash(key))
    plan = Plan(change_address, parameters, expiry_slot, key, network, mint=(asset, quantity), script=script)
    return drafted(plan, coins.selections(utxos))


def mint_fixed(
    *,
    seed: Utxo,
    change_address: str,
    supply: FixedSupply,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
    units: ExecutionUnits = MINT_UNITS,
) -> Draft:
    """Spend `seed` to make the whole `supply`, and keep it.

    Output 0 holds the script for burns to refer to, and is never to be spent; the change with the tokens is
    output 1. The seed is the only input, so that what the script uses does not depend on the wallet.
    """
    plan = Plan(
        change_address,
        parameters,
        expiry_slot,
        key,
        network,
        sent=(output_with_script(change_address, supply.script, parameters),),
        mint=(supply.asset, supply.quantity),
        script=supply.minting(units),
    )
    return drafted(plan, coins.selections([seed], must_spend=[supply.seed]))


def burn(
    *,
    utxos: Sequence[Utxo],
    change_address: str,
    asset: Asset,
    batch: BatchCommitment,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
    must_spend: Sequence[OutputReference] = (),
    script: PlutusScript | None = None,
) -> Draft:
    """Destroy the `batch`'s tokens of `asset`, with what it commits to in the metadata.

    `must_spend` are inputs that this attempt shares with the one before it, so that never both can land.
    Without a `script` the asset's policy must be `key`'s `NativeScript`.
    """
    plan = Plan(
        change_address,
        parameters,
        expiry_slot,
        key,
        network,
        mint=(asset, -batch.tokens),
        script=script or NativeScript(key_hash(key)),
        metadata=burn_metadata(batch),
    )
    return drafted(plan, coins.selections(utxos, asset.unit, batch.tokens, must_spend))
