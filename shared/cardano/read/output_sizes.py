"""How many bytes each output of a transaction takes, in the bytes that its maker wrote: the ledger counts those."""

from shared.cardano.read.cbor import ARRAY, MAP, Reader
from shared.cardano.read.cddl import Field


def output_sizes(raw: bytes) -> tuple[int, ...]:
    """Of a transaction that `parse` has read, in order."""
    reader = Reader(raw)
    next(reader.steps(ARRAY))
    for _ in reader.steps(MAP):
        if reader.item() == Field.OUTPUTS:
            return tuple(_sizes(reader))
        reader.item()
    return ()


def _sizes(reader: Reader) -> list[int]:
    found = []
    reader.enter_set()
    for _ in reader.steps(ARRAY):
        start = reader.at
        reader.item()
        found.append(reader.at - start)
    return found
