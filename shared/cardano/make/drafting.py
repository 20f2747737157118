"""From a plan to a draft: choosing inputs, the exact minimum fee, and the body, whose bytes are then frozen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import pycardano  # type: ignore[import-untyped]  # it ships no types

from shared.cardano import coins, fees
from shared.cardano.addresses import check_address, key_hash, payment_key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, PlutusParameters, Shortage, Utxo
from shared.cardano.draft import Draft
from shared.cardano.make import parts
from shared.cardano.network import ledger_id
from shared.cardano.policy import PlutusScript, PolicyScript
from shared.keys import PublicKey

_INPUT = 36  # bytes of one input at least: it bounds how many can fit


@dataclass(frozen=True, slots=True)
class Plan:
    """What a transaction is to do, before its inputs and its fee are known.

    `mint` needs the `script` of its policy. Whatever `sent` and the fee leave of the inputs is change; `sent_tokens`
    are those in `sent`, by Blockfrost's unit.
    """

    change_address: str
    parameters: Parameters
    expiry_slot: int
    key: PublicKey
    network: str
    sent: tuple[pycardano.TransactionOutput, ...] = ()
    mint: tuple[Asset, int] | None = None
    script: PolicyScript | None = None
    metadata: Mapping[int, Any] | None = None
    sent_tokens: Mapping[str, int] = field(default_factory=dict)

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
    auxiliary = parts.auxiliary(plan.metadata)
    body = pycardano.TransactionBody(
        inputs=parts.references(*(utxo.reference for utxo in chosen)),
        outputs=[*plan.sent, change],
        fee=fee,
        ttl=plan.expiry_slot,
        auxiliary_data_hash=auxiliary and auxiliary.hash(),
        mint=parts.bundle({plan.mint[0].unit: plan.mint[1]}) if plan.mint else None,
        network_id=pycardano.Network(ledger_id(plan.network)),
    )
    _add_script(plan, body, chosen)
    return Draft(
        body_bytes=body.to_cbor(),
        fee=fee,
        inputs=chosen,
        change=(Utxo("", len(plan.sent), plan.change_address, rest, tokens),),
        expiry_slot=plan.expiry_slot,
        key=plan.key,
        witnesses=parts.witnesses(plan.script),
        auxiliary=auxiliary and auxiliary.to_cbor(),
    )


def _enough(plan: Plan, lovelace: int, tokens: Mapping[str, int], complaint: str) -> Any:
    """An output of ours (pycardano's); `Shortage` when that is less than it must hold, or more than it can."""
    output = parts.output(plan.change_address, max(lovelace, 0), tokens)
    if len(tokens) > 1 and len(output.amount.to_cbor()) > plan.parameters.max_value_size:
        raise Shortage("the change would hold more kinds of tokens than an output can")
    least = fees.least_lovelace(output.to_cbor(), plan.parameters)
    if lovelace < least:
        raise Shortage(complaint, lovelace=least - lovelace)
    return output


def _remaining(plan: Plan, chosen: tuple[Utxo, ...]) -> dict[str, int]:
    tokens = coins.together(chosen)
    if plan.mint is not None:
        asset, quantity = plan.mint
        tokens[asset.unit] = tokens.get(asset.unit, 0) + quantity
    for unit, quantity in plan.sent_tokens.items():
        tokens[unit] = tokens.get(unit, 0) - quantity
    return {unit: quantity for unit, quantity in sorted(tokens.items()) if quantity}


def _add_script(plan: Plan, body: pycardano.TransactionBody, chosen: tuple[Utxo, ...]) -> None:
    """What a Plutus script needs besides. An input of ours is the collateral too, and comes back but for its share.

    It is lost only when the script fails on chain, which a node refuses before; so no output lies aside.
    """
    if plan.plutus is None:
        return
    script, prices = plan.plutus
    pledged = max(chosen, key=lambda utxo: utxo.lovelace)
    share = ceil(body.fee * prices.collateral_percent / 100)
    complaint = "too little lovelace in one output for the collateral"
    body.script_data_hash = parts.script_data_hash(script, prices)
    body.collateral = parts.references(pledged.reference)
    body.required_signers = [pycardano.VerificationKeyHash(key_hash(plan.key))]
    body.collateral_return = _enough(plan, pledged.lovelace - share, pledged.tokens, complaint)
    body.total_collateral = share
    if script.reference is not None:
        body.reference_inputs = parts.references(script.reference)
