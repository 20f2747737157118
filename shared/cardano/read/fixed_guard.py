"""What the custodial wallet looks at before it signs a mint or burn of a fixed supply.

The same as for any burn or mint (`guard.py`), and that what a Plutus script needs besides is exactly what we
make: a collateral of ours that comes back, our script, our redeemer. A wrong script data hash takes nothing
away: the ledger refuses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.cardano.addresses import payment_key_hash
from shared.cardano.coins import OutputReference
from shared.cardano.fixed_supply import BURN_UNITS, MINT_UNITS, FixedSupply
from shared.cardano.policy import ExecutionUnits, PlutusScript
from shared.cardano.read import outputs
from shared.cardano.read.cbor import Reader, Tagged
from shared.cardano.read.cddl import Field, Witness
from shared.cardano.read.guard import UnsafeBurnError, UnsafeMintError, guard_burn, guard_mint
from shared.cardano.read.transaction import ParsedTransaction, parse

_PARTS = {"script_data_hash", "collateral", "collateral_return", "total_collateral", "witness_redeemers"}
_BURN_PARTS = _PARTS | {"reference_inputs"}
_WHOLE_BURN_PARTS = _PARTS | {"witness_plutus_v3"}
_MINT_PARTS = _PARTS | {"witness_plutus_v3", "datum_or_script_in_output"}
# The ledger asks for one and a half times the fee; more of it would only be more to lose.
_SHARE = 2
_MINT, _CONSTRUCTOR_0 = 1, 121


def guard_fixed_burn(
    transaction: bytes,
    supply: FixedSupply,
    reference: OutputReference | None,
    own_address: str,
    max_fee: int,
    *,
    units: ExecutionUnits = BURN_UNITS,
) -> None:
    """`guard_burn` for a burn whose script lies in the output `reference`, or comes along. Errors: as there."""
    parsed = parse(transaction)
    guard_burn(replace(parsed, unusual=()), supply.asset, own_address, max_fee)
    whole = _Whole(transaction, parsed, supply.burning(reference, units), own_address, max_fee)
    _guard_script(whole, _BURN_PARTS if reference else _WHOLE_BURN_PARTS, UnsafeBurnError)


def guard_fixed_mint(
    transaction: bytes,
    supply: FixedSupply,
    own_address: str,
    max_fee: int,
    *,
    units: ExecutionUnits = MINT_UNITS,
) -> None:
    """`guard_mint` for the mint of all of `supply`. Errors: UnsafeMintError, TransactionError."""
    parsed = parse(transaction)
    guard_mint(replace(parsed, unusual=()), supply.asset, supply.quantity, own_address, max_fee)
    whole = _Whole(transaction, parsed, supply.minting(units), own_address, max_fee)
    _guard_script(whole, _MINT_PARTS, UnsafeMintError)


def script_use(transaction: bytes) -> tuple[OutputReference | None, ExecutionUnits]:
    """Of a mint or burn that a guard above let pass: where it finds the script, and what it lets it use."""
    body, witnesses, *_ = Reader(transaction).item()
    ((_, units),) = witnesses[Witness.REDEEMERS].values()
    referred = outputs.inputs(body[Field.REFERENCE_INPUTS]) if Field.REFERENCE_INPUTS in body else (None,)
    return referred[0], ExecutionUnits(*units)


@dataclass(frozen=True, slots=True)
class _Whole:
    raw: bytes
    parsed: ParsedTransaction
    script: PlutusScript
    own_address: str
    max_fee: int


def _guard_script(
    whole: _Whole, parts: set[str], error: type[UnsafeBurnError] | type[UnsafeMintError]
) -> None:
    if set(whole.parsed.unusual) != parts:
        raise error(f"it holds other parts than it needs: {', '.join(whole.parsed.unusual)}")
    body, witnesses, *_ = Reader(whole.raw).item()
    _guard_collateral(whole, body, error)
    signers = outputs.members(body.get(Field.REQUIRED_SIGNERS, ()), "the required signers")
    if signers != (payment_key_hash(whole.own_address),):
        raise error("it asks for other signatures than ours")
    if witnesses[Witness.REDEEMERS] != _redeemers(whole.script):
        raise error("the redeemer is not ours")
    referred = outputs.inputs(body[Field.REFERENCE_INPUTS]) if Field.REFERENCE_INPUTS in body else ()
    if referred != (() if whole.script.reference is None else (whole.script.reference,)):
        raise error("it refers to another output than our script's")
    brought = outputs.members(witnesses.get(Witness.PLUTUS_V3, ()), "the scripts")
    if brought not in {(), (whole.script.raw,)}:
        raise error("it brings another script along")


def _redeemers(script: PlutusScript) -> dict[tuple[int, int], tuple[Any, ...]]:
    """The only one that is ours, as the reader gives it: for the first policy of the mint, without a word."""
    return {(_MINT, 0): (Tagged(_CONSTRUCTOR_0, ()), (script.units.memory, script.units.steps))}


def _guard_collateral(
    whole: _Whole, body: Mapping[int, Any], error: type[UnsafeBurnError] | type[UnsafeMintError]
) -> None:
    pledged = outputs.inputs(body[Field.COLLATERAL])
    if len(pledged) != 1 or pledged[0] not in whole.parsed.inputs:
        raise error("the collateral is not one of its inputs")
    returned, more = outputs.output(body[Field.COLLATERAL_RETURN])
    if returned.address != whole.own_address or more:
        raise error("the collateral does not come back to us")
    share = outputs.integer(body[Field.TOTAL_COLLATERAL], "the collateral's share")
    if share > _SHARE * whole.max_fee:
        raise error(f"the collateral's share of {share} lovelace is over {_SHARE} times the fee's cap")
