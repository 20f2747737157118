"""The ledger's prices: the least fee for a size, the least lovelace in an output (Conway)."""

from collections.abc import Callable

from shared.cardano.coins import Parameters
from shared.cardano.draft import Draft

# The ledger counts an unspent output's own reference as 160 bytes (CIP-55).
_REFERENCE = 160
_ROUNDS = 5
# No transaction of ours is smaller. A guess of zero would name too small a shortage, a high one a false one.
_LEAST_SIZE = 200


def least_fee(size: int, parameters: Parameters) -> int:
    """Lovelace that a transaction of `size` bytes must pay.

    The ledger counts it without the one byte that says whether its scripts are valid.
    """
    return parameters.min_fee_a * (size - 1) + parameters.min_fee_b


def least_lovelace(output: bytes, parameters: Parameters) -> int:
    """Lovelace that the output of these bytes must hold."""
    return least_lovelace_of_size(len(output), parameters)


def least_lovelace_of_size(size: int, parameters: Parameters) -> int:
    """Lovelace that an output of so many bytes must hold."""
    return (_REFERENCE + size) * parameters.coins_per_utxo_byte


def at_least_fee(write: Callable[[int], Draft], parameters: Parameters, script_fee: int = 0) -> Draft:
    """The draft that `write(fee)` makes when the fee is the least for the draft's own size and its scripts.

    Where the change is at the edge of a longer number no fee is exact: each moves the change over the edge
    and back. Then the higher of the two is paid, a few bytes' worth too much.
    """
    fee = least_fee(_LEAST_SIZE, parameters) + script_fee
    for _ in range(_ROUNDS):
        draft = write(fee)
        needed = least_fee(draft.size(), parameters) + script_fee
        if needed == fee:
            return draft
        fee, before = needed, fee
    return write(max(fee, before))
