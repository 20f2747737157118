"""Unspent outputs, protocol parameters, and the choice of what to spend: small and deterministic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

#: The pair by which a transaction spends an output: the transaction that made it (64 hex digits), and its place there.
OutputReference = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Utxo:
    """An unspent output; `tokens` maps Blockfrost's unit → quantity."""

    tx_hash: str
    index: int
    address: str
    lovelace: int
    tokens: Mapping[str, int] = field(default_factory=dict)

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

    `plutus` is None where the chain service does not tell; only a fixed supply needs it.
    """

    min_fee_a: int
    min_fee_b: int
    coins_per_utxo_byte: int
    max_tx_size: int
    plutus: PlutusParameters | None = None


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

    Raises `Shortage` when the tokens do not suffice, `ValueError` when a must-spend output is not in `utxos`.
    """
    known = {utxo.reference: utxo for utxo in utxos}
    missing = [reference for reference in must_spend if reference not in known]
    if missing:
        raise ValueError(f"an output that must be spent is not there: {missing[0][0]}#{missing[0][1]}")
    chosen = [known.pop(reference) for reference in dict.fromkeys(must_spend)]
    for utxo in sorted(known.values(), key=lambda utxo: (-utxo.tokens.get(unit, 0), utxo.reference)):
        if held(chosen, unit) >= quantity:
            break
        chosen.append(known.pop(utxo.reference))
    if held(chosen, unit) < quantity:
        raise Shortage("too few tokens", tokens={unit: quantity - held(chosen, unit)})
    if chosen:
        yield tuple(chosen)
    # Outputs with other tokens come last: a stranger can send us junk tokens, which would bloat every change.
    for utxo in sorted(known.values(), key=lambda utxo: (bool(utxo.tokens), -utxo.lovelace, utxo.reference)):
        chosen.append(utxo)
        yield tuple(chosen)


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
