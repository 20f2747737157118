"""Unspent outputs, protocol parameters, and the choice of what to spend: small and deterministic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

#: The pair by which a transaction spends an output: the transaction that made it (64 hex digits), and its place there.
OutputReference = tuple[str, int]
#: inputs that fit into one transaction, whatever else stands in it: 16,384 bytes hold some 400 of 38
MOST_INPUTS = 300
#: a wallet whose tokens lie in more outputs is strewn: a burn then takes up to SWEEP of them along into its change,
#: for each costs 0.0016 ADA and frees about 1.1
STREWN, SWEEP = 20, 100


@dataclass(frozen=True, slots=True)
class Utxo:
    """An unspent output; `tokens` maps Blockfrost's unit → quantity.

    `bare`: it carries no datum and no script for reference. Whoever spends a script pays for its bytes.
    """

    tx_hash: str
    index: int
    address: str
    lovelace: int
    tokens: Mapping[str, int] = field(default_factory=dict)
    bare: bool = True

    @property
    def reference(self) -> OutputReference:
        return self.tx_hash, self.index


@dataclass(frozen=True, slots=True)
class PlutusParameters:
    """What Plutus V3 scripts cost: lovelace per unit of memory, per step and per byte of a referenced script.

    Collateral is a percentage of the fee. The cost model is not a price, but a transaction commits to it.
    """

    memory_price: Fraction
    step_price: Fraction
    reference_byte_price: Fraction
    collateral_percent: int
    cost_model: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The ledger's protocol parameters that prices depend on: lovelace per byte, lovelace, and bytes.

    `max_value_size` bounds the lovelace and tokens of one output, as they are written.

    `plutus` is None where the chain service does not tell; only a fixed supply needs it.
    """

    min_fee_a: int
    min_fee_b: int
    coins_per_utxo_byte: int
    max_tx_size: int
    plutus: PlutusParameters | None = None
    max_value_size: int = 5000


class Shortage(ValueError):
    """The unspent outputs do not suffice; `lovelace` and `tokens` (by unit) are what is missing."""

    def __init__(self, message: str, *, lovelace: int = 0, tokens: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.lovelace = lovelace
        self.tokens = dict(tokens or {})


def selections(
    utxos: Sequence[Utxo], unit: str = "", quantity: int = 0, must_spend: Sequence[OutputReference] = ()
) -> Iterator[tuple[Utxo, ...]]:
    """Growing choices: `must_spend` first, then what holds `unit` up to `quantity`, then one more each time.

    Anybody can send us outputs: what carries a script or a datum is left alone, and so is, when `unit` is
    given, what holds foreign tokens and none of `unit`. Of `unit`, many small outputs are gathered on the way.

    Raises `Shortage` when the tokens do not suffice, `ValueError` when a must-spend output is not in `utxos`.
    """
    known = {utxo.reference: utxo for utxo in utxos}
    missing = [reference for reference in must_spend if reference not in known]
    if missing:
        raise ValueError(f"an output that must be spent is not there: {missing[0][0]}#{missing[0][1]}")
    chosen = [known.pop(reference) for reference in dict.fromkeys(must_spend)]
    usable = [utxo for utxo in known.values() if utxo.bare and not (unit and _is_junk(utxo, unit))]
    chosen += _with_tokens([utxo for utxo in usable if unit in utxo.tokens], unit, quantity, chosen)
    if held(chosen, unit) < quantity:
        raise Shortage("too few tokens", tokens={unit: quantity - held(chosen, unit)})
    if chosen:
        yield tuple(chosen)
    taken = {utxo.reference for utxo in chosen}
    rest = [utxo for utxo in usable if utxo.reference not in taken]
    # Outputs with other tokens come last: a stranger can send us junk tokens, which would bloat every change.
    for utxo in sorted(rest, key=lambda utxo: (bool(utxo.tokens), -utxo.lovelace, utxo.reference)):
        chosen.append(utxo)
        yield tuple(chosen)


def _with_tokens(usable: Sequence[Utxo], unit: str, quantity: int, chosen: Sequence[Utxo]) -> list[Utxo]:
    """Of the outputs that hold `unit` the largest, beside `chosen`; those with foreign tokens only in need."""
    found: list[Utxo] = []
    missing = quantity - held(chosen, unit)
    most = SWEEP if len(usable) > STREWN else 0
    for utxo in sorted(usable, key=lambda utxo: (_is_mixed(utxo), -utxo.tokens[unit], utxo.reference)):
        if missing <= 0 and (_is_mixed(utxo) or len(chosen) + len(found) >= most):
            break
        found.append(utxo)
        missing -= utxo.tokens[unit]
    return found


def burnable(utxos: Iterable[Utxo], unit: str) -> int:
    """How many tokens of `unit` one transaction can burn: those in as many outputs as fit into it."""
    quantities = sorted((utxo.tokens.get(unit, 0) for utxo in utxos if utxo.bare), reverse=True)
    return sum(quantities[:MOST_INPUTS])


def is_usable(utxo: Utxo, unit: str) -> bool:
    """Whether a wallet of `unit` heeds an output at its address, which anybody may have sent."""
    return utxo.bare and not _is_junk(utxo, unit)


def _is_junk(utxo: Utxo, unit: str) -> bool:
    return bool(utxo.tokens) and unit not in utxo.tokens


def _is_mixed(utxo: Utxo) -> bool:
    return len(utxo.tokens) > 1


def held(utxos: Iterable[Utxo], unit: str) -> int:
    """How many tokens of `unit` the outputs hold together."""
    return sum(utxo.tokens.get(unit, 0) for utxo in utxos)


def together(utxos: Iterable[Utxo]) -> dict[str, int]:
    """All tokens of the outputs, by unit."""
    tokens: dict[str, int] = {}
    for utxo in utxos:
        for unit, quantity in utxo.tokens.items():
            tokens[unit] = tokens.get(unit, 0) + quantity
    return tokens
