"""What the custodial wallet looks at before every signature: a burn or mint of our token, and nothing else?

Whatever built the bytes may be wrong or have been taken over; the key signs only what cannot take anything
away. The ledger conserves value, so when every output is ours, nothing is minted and the fee is capped, no
more than the fee and the burned tokens can be lost.
"""

from shared.cardano.assets import Asset
from shared.cardano.metadata import read_burn
from shared.cardano.read.transaction import ParsedTransaction, parse


class UnsafeBurnError(ValueError):
    """The transaction does more than burn our token, or something else."""


class UnsafeMintError(ValueError):
    """The transaction does more than mint our token for us, or something else."""


def guard_burn(transaction: bytes | ParsedTransaction, asset: Asset, own_address: str, max_fee: int) -> None:
    """Return when the transaction (`Draft.unsigned`) only burns `asset`; `UnsafeBurnError` otherwise.

    It must destroy as many as its metadata says, give every output back to `own_address`, pay at most
    `max_fee` lovelace, expire, and hold nothing unusual. Bytes that do not parse raise `TransactionError`.
    """
    parsed = parse(transaction) if isinstance(transaction, bytes) else transaction
    batch = read_burn(parsed.metadata)
    if batch is None or not parsed.auxiliary_data_hash_ok:
        raise UnsafeBurnError("the metadata commits to no burn batch")
    if dict(parsed.mint) != {asset.unit: -batch.tokens}:
        raise UnsafeBurnError("it burns something else than its metadata says, or mints")
    _guard_rest(parsed, own_address, max_fee)


def guard_mint(
    transaction: bytes | ParsedTransaction, asset: Asset, quantity: int, own_address: str, max_fee: int
) -> None:
    """Return when the transaction only makes `quantity` of `asset` for `own_address`; `UnsafeMintError` otherwise.

    The rest is as for a burn; there is no metadata.
    """
    parsed = parse(transaction) if isinstance(transaction, bytes) else transaction
    if quantity < 1 or dict(parsed.mint) != {asset.unit: quantity}:
        raise UnsafeMintError("it mints something else than it was asked to")
    if parsed.metadata or not parsed.auxiliary_data_hash_ok:
        raise UnsafeMintError("a mint has no metadata")
    _guard_rest(parsed, own_address, max_fee, UnsafeMintError)


def _guard_rest(
    parsed: ParsedTransaction,
    own_address: str,
    max_fee: int,
    error: type[UnsafeBurnError | UnsafeMintError] = UnsafeBurnError,
) -> None:
    if any(output.address != own_address for output in parsed.outputs):
        raise error("an output does not come back to us")
    if parsed.fee > max_fee:
        raise error(f"the fee of {parsed.fee} lovelace is over the cap of {max_fee}")
    if parsed.unusual:
        raise error(f"it holds unusual parts: {', '.join(parsed.unusual)}")
    # Without an expiry slot a lost attempt could land at any time, and be burned twice.
    if parsed.expiry_slot is None:
        raise error("it never expires")
