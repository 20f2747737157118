"""From a plan to a draft: choosing inputs, the exact minimum fee, and the body's bytes (Conway CDDL)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from typing import Any

import cbor2

from shared.cardano import coins, fees
from shared.cardano.addresses import check_address, key_hash, payment_key_hash, to_bytes
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, PlutusParameters, Shortage, Utxo
from shared.cardano.make.draft import Draft
from shared.cardano.make.scripts import PlutusScript, PolicyScript
from shared.cardano.network import ledger_id
from shared.cardano.read.cddl import Field
from shared.keys import PublicKey

_EMBEDDED = 24  # CBOR's tag for CBOR in a byte string
_V3 = 3
_MILLIONS = 1_000_000  # is written in as many bytes as what an output of a script must hold
_INPUT = 36  # bytes of one input at least: it bounds how many can fit


@dataclass(frozen=True, slots=True)
class Sent:
    """An output before the change: its bytes, and the lovelace in it."""

    raw: bytes
    lovelace: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transaction is to do, before its inputs and its fee are known.

    `mint` needs the `script` of its policy. Whatever `sent` and the fee leave of the inputs is change.
    """

    change_address: str
    parameters: Parameters
    expiry_slot: int
    key: PublicKey
    network: str
    sent: tuple[Sent, ...] = ()
    mint: tuple[Asset, int] | None = None
    script: PolicyScript | None = None
    metadata: Mapping[int, Any] | None = None

    @property
    def paid(self) -> int:
        return sum(output.lovelace for output in self.sent)

    @property
    def plutus(self) -> tuple[PlutusScript, PlutusParameters] | None:
        """The script and what it costs, when it is Plutus; `ValueError` when the prices are not known."""
        if not isinstance(self.script, PlutusScript):
            return None
        if self.parameters.plutus is None:
            raise ValueError("the chain service does not tell what Plutus scripts cost")
        return self.script, self.parameters.plutus


def drafted(plan: Plan, selections: Iterator[tuple[Utxo, ...]]) -> Draft:
    """The draft with the first selection that covers what is sent, the fee and the least change."""
    _check(plan)
    shortage = Shortage("nothing to spend", lovelace=plan.paid)
    for chosen in selections:
        if len(chosen) * _INPUT > plan.parameters.max_tx_size:
            break
        try:
            draft = _priced(plan, chosen)
        except Shortage as found:
            shortage = found
        else:
            if draft.size() > plan.parameters.max_tx_size:
                break
            _check_owner(plan, draft.inputs)
            return draft
    else:
        raise shortage
    raise Shortage("too many small outputs to fit into one transaction", lovelace=shortage.lovelace)


def output(address: str, lovelace: int, tokens: Mapping[str, int]) -> bytes:
    """An output in the legacy form, which every wallet can read."""
    bundle: dict[bytes, dict[bytes, int]] = {}
    # Canonical order (RFC 7049 section 3.9), which some hardware wallets insist on: the shorter name first.
    for unit, quantity in sorted(tokens.items(), key=lambda token: (token[0][:56], len(token[0]), token[0])):
        bundle.setdefault(bytes.fromhex(unit[:56]), {})[bytes.fromhex(unit[56:])] = quantity
    return cbor2.dumps([to_bytes(address), [lovelace, bundle] if bundle else lovelace])


def output_with_script(address: str, script: bytes, parameters: Parameters) -> Sent:
    """The smallest output that holds a Plutus V3 script for others to refer to (CIP-33)."""
    held = cbor2.CBORTag(_EMBEDDED, cbor2.dumps([_V3, script]))

    def written(lovelace: int) -> bytes:
        return cbor2.dumps({0: to_bytes(address), 1: lovelace, 3: held})

    least = fees.least_lovelace(written(_MILLIONS), parameters)
    return Sent(written(least), least)


def _check(plan: Plan) -> None:
    check_address(plan.change_address, plan.network)
    if payment_key_hash(plan.change_address) != key_hash(plan.key):
        raise ValueError("the change would go to an address that the key cannot spend from")
    if plan.mint is not None and (plan.script is None or plan.mint[0].policy_id != plan.script.policy_id):
        raise ValueError("the asset's policy is not this script's")


def _check_owner(plan: Plan, inputs: Sequence[Utxo]) -> None:
    for address in {utxo.address for utxo in inputs}:
        if payment_key_hash(address) != key_hash(plan.key):
            raise ValueError("an input belongs to another key")


def _priced(plan: Plan, chosen: tuple[Utxo, ...]) -> Draft:
    script_fee = 0 if plan.plutus is None else plan.plutus[0].fee(plan.plutus[1])
    return fees.at_least_fee(lambda fee: _write(plan, chosen, fee), plan.parameters, script_fee)


def _write(plan: Plan, chosen: tuple[Utxo, ...], fee: int) -> Draft:
    rest = sum(utxo.lovelace for utxo in chosen) - plan.paid - fee
    tokens = _remaining(plan, chosen)
    change = _enough(plan, rest, tokens, "too little lovelace for what is paid, the fee and the change")
    auxiliary = None if plan.metadata is None else cbor2.dumps(plan.metadata)
    return Draft(
        body_bytes=_body(plan, chosen, change, fee, auxiliary),
        fee=fee,
        inputs=chosen,
        change=(Utxo("", len(plan.sent), plan.change_address, rest, tokens),),
        expiry_slot=plan.expiry_slot,
        key=plan.key,
        scripts=() if plan.script is None else plan.script.witnesses,
        auxiliary=auxiliary,
    )


def _enough(plan: Plan, lovelace: int, tokens: Mapping[str, int], complaint: str) -> bytes:
    """An output of ours; `Shortage` when that is less than it must hold."""
    written = output(plan.change_address, max(lovelace, 0), tokens)
    least = fees.least_lovelace(written, plan.parameters)
    if lovelace < least:
        raise Shortage(complaint, lovelace=least - lovelace)
    return written


def _remaining(plan: Plan, chosen: tuple[Utxo, ...]) -> dict[str, int]:
    tokens = coins.together(chosen)
    if plan.mint is not None:
        asset, quantity = plan.mint
        tokens[asset.unit] = tokens.get(asset.unit, 0) + quantity
    return {unit: quantity for unit, quantity in sorted(tokens.items()) if quantity}


def _body(plan: Plan, chosen: tuple[Utxo, ...], change: bytes, fee: int, auxiliary: bytes | None) -> bytes:
    outputs = [sent.raw for sent in plan.sent] + [change]
    fields: dict[int, bytes] = {
        Field.INPUTS: _references(*(utxo.reference for utxo in chosen)),
        Field.OUTPUTS: bytes([0x80 + len(outputs)]) + b"".join(outputs),
        Field.FEE: cbor2.dumps(fee),
        Field.EXPIRY_SLOT: cbor2.dumps(plan.expiry_slot),
        Field.NETWORK_ID: cbor2.dumps(ledger_id(plan.network)),
    }
    if auxiliary is not None:
        fields[Field.AUXILIARY_HASH] = cbor2.dumps(blake2b(auxiliary, digest_size=32).digest())
    if plan.mint is not None:
        asset, quantity = plan.mint
        fields[Field.MINT] = cbor2.dumps({bytes.fromhex(asset.policy_id): {asset.name: quantity}})
    if plan.plutus is not None:
        fields |= _plutus_fields(plan, *plan.plutus, chosen, fee)
    head = bytes([0xA0 + len(fields)])
    return head + b"".join(bytes([field]) + fields[field] for field in sorted(fields))


def _plutus_fields(
    plan: Plan, script: PlutusScript, parameters: PlutusParameters, chosen: tuple[Utxo, ...], fee: int
) -> dict[int, bytes]:
    """What a script needs besides. An input of ours is the collateral too, and comes back but for its share.

    It is lost only when the script fails on chain, which a node refuses before; so no output lies aside.
    """
    pledged = max(chosen, key=lambda utxo: utxo.lovelace)
    share = ceil(fee * parameters.collateral_percent / 100)
    complaint = "too little lovelace in one output for the collateral"
    fields = {
        Field.SCRIPT_DATA_HASH: cbor2.dumps(script.data_hash(parameters)),
        Field.COLLATERAL: _references(pledged.reference),
        Field.REQUIRED_SIGNERS: cbor2.dumps([key_hash(plan.key)]),
        Field.COLLATERAL_RETURN: _enough(plan, pledged.lovelace - share, pledged.tokens, complaint),
        Field.TOTAL_COLLATERAL: cbor2.dumps(share),
    }
    if script.reference is not None:
        fields[Field.REFERENCE_INPUTS] = _references(script.reference)
    return {int(field): value for field, value in fields.items()}


def _references(*references: tuple[str, int]) -> bytes:
    return cbor2.dumps([[bytes.fromhex(tx_hash), index] for tx_hash, index in references])
