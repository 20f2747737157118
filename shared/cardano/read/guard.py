"""What a wallet looks at before every signature: a burn or mint of our token, one payment, and nothing else?

Whatever built the bytes may be wrong or have been taken over; the key signs only what cannot take more
away. The ledger conserves value, so when every output is ours, nothing is minted and the fee is capped, no
more than the fee and the burned tokens can be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.cardano.assets import Asset
from shared.cardano.metadata import payment_metadata, read_burn
from shared.cardano.read.outputs import Output
from shared.cardano.read.transaction import ParsedTransaction, parse


class UnsafeBurnError(ValueError):
    """The transaction does more than burn our token, or something else."""


class UnsafeMintError(ValueError):
    """The transaction does more than mint our token for us, or something else."""


class UnsafePaymentError(ValueError):
    """The transaction does more than make the payment, or something else."""


@dataclass(frozen=True, slots=True)
class ExpectedPayment:
    """So many lovelace for `recipient`, naming what it is for (`commitment`, 32 bytes), or nothing.

    `tokens` go with them, by Blockfrost's unit.
    """

    recipient: str
    lovelace: int
    commitment: bytes | None
    tokens: Mapping[str, int] = field(default_factory=dict)


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
    _guard_rest(parsed, parsed.outputs, own_address, max_fee)


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
    _guard_rest(parsed, parsed.outputs, own_address, max_fee, UnsafeMintError)


def guard_payment(
    transaction: bytes | ParsedTransaction, payment: ExpectedPayment, own_address: str, max_fee: int
) -> None:
    """Return when the transaction makes this payment and gives the rest back; `UnsafePaymentError` otherwise.

    Fee, expiry and unusual parts are as for a burn.
    """
    parsed = parse(transaction) if isinstance(transaction, bytes) else transaction
    paid, rest = parsed.outputs[:1], parsed.outputs[1:]
    if [(output.address, output.lovelace, dict(output.tokens)) for output in paid] != [
        (payment.recipient, payment.lovelace, dict(payment.tokens))
    ]:
        raise UnsafePaymentError("its first output is not what was asked for")
    named = {} if payment.commitment is None else payment_metadata(payment.commitment)
    if dict(parsed.metadata) != named or not parsed.auxiliary_data_hash_ok:
        raise UnsafePaymentError("its metadata names another payment request, or more")
    if parsed.mint:
        raise UnsafePaymentError("it mints or burns")
    _guard_rest(parsed, rest, own_address, max_fee, UnsafePaymentError)


def _guard_rest(
    parsed: ParsedTransaction,
    change: Sequence[Output],
    own_address: str,
    max_fee: int,
    error: type[UnsafeBurnError | UnsafeMintError | UnsafePaymentError] = UnsafeBurnError,
) -> None:
    if any(output.address != own_address for output in change):
        raise error("an output does not come back to us")
    if parsed.fee > max_fee:
        raise error(f"the fee of {parsed.fee} lovelace is over the cap of {max_fee}")
    if parsed.unusual:
        raise error(f"it holds unusual parts: {', '.join(parsed.unusual)}")
    # Without an expiry slot a lost attempt could land at any time, and be burned twice.
    if parsed.expiry_slot is None:
        raise error("it never expires")
