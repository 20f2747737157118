"""Payments, mints and burns: drafts with the exact minimum fee, for one key to sign.

Written in the Conway CDDL's form with cbor2 alone, in a hundredth of the time that a transaction builder
takes. Signing is a second step, so that the key may be remote: sign `bytes.fromhex(draft.id)`, then
`draft.sign(...)`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import cbor2

from shared.cardano import coins, fees
from shared.cardano.addresses import check_address, key_hash, payment_key_hash, to_bytes
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Shortage, Utxo
from shared.cardano.draft import Built, Draft
from shared.cardano.fields import Field
from shared.cardano.metadata import burn_metadata, payment_metadata
from shared.cardano.network import ledger_id
from shared.keys import PublicKey

__all__ = ["Built", "Draft", "Parameters", "Shortage", "Utxo", "burn", "mint", "native_policy", "payment"]

_INPUT = 36  # bytes of one input at least: it bounds how many can fit


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a transaction is to do, before its inputs and its fee are known."""

    change_address: str
    parameters: Parameters
    expiry_slot: int
    key: PublicKey
    network: str
    pay: tuple[str, int] | None = None
    mint: tuple[Asset, int] | None = None
    metadata: Mapping[int, Any] | None = None

    @property
    def paid(self) -> int:
        return 0 if self.pay is None else self.pay[1]


def native_policy(hash_of_key: bytes) -> tuple[bytes, str]:
    """The one-key native script as CBOR, and its policy id in hex: BLAKE2b-224 of 0x00 and the script."""
    script = cbor2.dumps([0, hash_of_key])
    return script, blake2b(b"\x00" + script, digest_size=28).hexdigest()


def payment(
    *,
    utxos: Sequence[Utxo],
    change_address: str,
    recipient: str,
    lovelace: int,
    token_hash: bytes,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
) -> Draft:
    """Pay `lovelace` to `recipient`, with the payment request's `token_hash` (32 bytes) in the metadata.

    The payment is output 0, the change output 1. `Shortage` when the outputs do not suffice, `ValueError`
    when the recipient is not an address of `network` or gets less than an output must hold.
    """
    check_address(recipient, network)
    if lovelace < fees.least_lovelace(_output(recipient, lovelace, {}), parameters):
        raise ValueError("the payment is less than an output must hold")
    metadata = payment_metadata(token_hash)
    plan = _Plan(
        change_address, parameters, expiry_slot, key, network, pay=(recipient, lovelace), metadata=metadata
    )
    return _draft(plan, coins.selections(utxos))


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
    """Make `quantity` tokens of `asset`, whose policy must be `key`'s `native_policy`, and keep them."""
    if quantity < 1:
        raise ValueError("at least one token must be minted")
    plan = _Plan(change_address, parameters, expiry_slot, key, network, mint=(asset, quantity))
    return _draft(plan, coins.selections(utxos))


def burn(
    *,
    utxos: Sequence[Utxo],
    change_address: str,
    asset: Asset,
    count: int,
    root: bytes,
    parameters: Parameters,
    expiry_slot: int,
    key: PublicKey,
    network: str,
    must_spend: Sequence[tuple[str, int]] = (),
) -> Draft:
    """Destroy `count` tokens of `asset`, with the batch's Merkle `root` and `count` in the metadata.

    `must_spend` are inputs that this attempt shares with the one before it, so that never both can land.
    """
    metadata = burn_metadata(root, count)
    plan = _Plan(
        change_address, parameters, expiry_slot, key, network, mint=(asset, -count), metadata=metadata
    )
    return _draft(plan, coins.selections(utxos, asset.unit, count, must_spend))


def _draft(plan: _Plan, selections: Iterator[tuple[Utxo, ...]]) -> Draft:
    """The draft with the first selection that covers payment, fee and the least change."""
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


def _check(plan: _Plan) -> None:
    check_address(plan.change_address, plan.network)
    if payment_key_hash(plan.change_address) != key_hash(plan.key):
        raise ValueError("the change would go to an address that the key cannot spend from")
    if plan.mint is not None and plan.mint[0].policy_id != native_policy(key_hash(plan.key))[1]:
        raise ValueError("the asset's policy is not this key's")


def _check_owner(plan: _Plan, inputs: Sequence[Utxo]) -> None:
    for address in {utxo.address for utxo in inputs}:
        if payment_key_hash(address) != key_hash(plan.key):
            raise ValueError("an input belongs to another key")


def _priced(plan: _Plan, chosen: tuple[Utxo, ...]) -> Draft:
    return fees.at_least_fee(lambda fee: _write(plan, chosen, fee), plan.parameters)


def _write(plan: _Plan, chosen: tuple[Utxo, ...], fee: int) -> Draft:
    rest = sum(utxo.lovelace for utxo in chosen) - plan.paid - fee
    tokens = _remaining(plan, chosen)
    change = _output(plan.change_address, max(rest, 0), tokens)
    least = fees.least_lovelace(change, plan.parameters)
    if rest < least:
        raise Shortage("too little lovelace for what is paid, the fee and the change", lovelace=least - rest)
    paid = [] if plan.pay is None else [_output(*plan.pay, {})]
    auxiliary = None if plan.metadata is None else cbor2.dumps(plan.metadata)
    return Draft(
        body_bytes=_body(plan, chosen, [*paid, change], fee, auxiliary),
        fee=fee,
        inputs=chosen,
        change=(Utxo("", len(paid), plan.change_address, rest, tokens),),
        expiry_slot=plan.expiry_slot,
        key=plan.key,
        script=None if plan.mint is None else native_policy(key_hash(plan.key))[0],
        auxiliary=auxiliary,
    )


def _remaining(plan: _Plan, chosen: tuple[Utxo, ...]) -> dict[str, int]:
    tokens = coins.together(chosen)
    if plan.mint is not None:
        asset, quantity = plan.mint
        tokens[asset.unit] = tokens.get(asset.unit, 0) + quantity
    return {unit: quantity for unit, quantity in sorted(tokens.items()) if quantity}


def _body(
    plan: _Plan, chosen: tuple[Utxo, ...], outputs: list[bytes], fee: int, auxiliary: bytes | None
) -> bytes:
    fields: dict[int, bytes] = {
        Field.INPUTS: cbor2.dumps([[bytes.fromhex(utxo.tx_hash), utxo.index] for utxo in chosen]),
        Field.OUTPUTS: bytes([0x80 + len(outputs)]) + b"".join(outputs),
        Field.FEE: cbor2.dumps(fee),
        Field.EXPIRY_SLOT: cbor2.dumps(plan.expiry_slot),
    }
    if auxiliary is not None:
        fields[Field.AUXILIARY_HASH] = cbor2.dumps(blake2b(auxiliary, digest_size=32).digest())
    if plan.mint is not None:
        asset, quantity = plan.mint
        fields[Field.MINT] = cbor2.dumps({bytes.fromhex(asset.policy_id): {asset.name: quantity}})
    fields[Field.NETWORK_ID] = cbor2.dumps(ledger_id(plan.network))
    head = bytes([0xA0 + len(fields)])
    return head + b"".join(bytes([field]) + value for field, value in fields.items())


def _output(address: str, lovelace: int, tokens: Mapping[str, int]) -> bytes:
    bundle: dict[bytes, dict[bytes, int]] = {}
    # Canonical order (RFC 7049 section 3.9), which some hardware wallets insist on: the shorter name first.
    for unit, quantity in sorted(tokens.items(), key=lambda token: (token[0][:56], len(token[0]), token[0])):
        bundle.setdefault(bytes.fromhex(unit[:56]), {})[bytes.fromhex(unit[56:])] = quantity
    return cbor2.dumps([to_bytes(address), [lovelace, bundle] if bundle else lovelace])
