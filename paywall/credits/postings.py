"""Credits move between buckets by postings, each of which takes from one what it gives to another: pure.

The contra bucket is `granted`, which only gives: what it gave = available + reserved + captured + expired + revoked +
moved, after any postings.
"""

from dataclasses import dataclass
from typing import Literal

Bucket = Literal["granted", "available", "reserved", "captured", "expired", "revoked", "moved"]
BUCKETS: tuple[Bucket, ...] = (
    *("granted", "available", "reserved", "captured", "expired", "revoked", "moved"),
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """`key` makes the transfer happen once; `amount` > 0 moves from `source` to `target`."""

    key: str
    source: Bucket
    target: Bucket
    amount: int

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError("a transfer moves at least one credit")


def grant(payment_id: str, credits: int) -> Transfer:
    return Transfer(f"grant:{payment_id}", "granted", "available", credits)


def reserve(redemption_id: str, attempt: int, credits: int) -> Transfer:
    return Transfer(f"reserve:{redemption_id}:{attempt}", "available", "reserved", credits)


def capture(redemption_id: str, attempt: int, credits: int) -> Transfer:
    return Transfer(f"capture:{redemption_id}:{attempt}", "reserved", "captured", credits)


def use(redemption_id: str, credits: int) -> Transfer:
    """Of a quick use, which is never seen reserved."""
    return Transfer(f"use:{redemption_id}", "available", "captured", credits)


def release(redemption_id: str, attempt: int, credits: int) -> Transfer:
    return Transfer(f"release:{redemption_id}:{attempt}", "reserved", "available", credits)


def revoke(cause: str, credits: int) -> Transfer:
    """`cause` names what took the credits back (a payment that vanished, a refund), and makes it happen once."""
    return Transfer(f"revoke:{cause}", "available", "revoked", credits)


def restore(cause: str, credits: int) -> Transfer:
    """What was revoked for a payment that stands after all, for good: so it happens once."""
    return Transfer(f"restore:{cause}", "revoked", "available", credits)


def give(gift_id: str, credits: int) -> Transfer:
    """The giver's side of a gift: no longer his to use."""
    return Transfer(f"give:{gift_id}", "available", "moved", credits)


def receive(gift_id: str, credits: int) -> Transfer:
    """The other side, posted to the account that it opens."""
    return Transfer(f"receive:{gift_id}", "granted", "available", credits)


def expire(account_id: str, credits: int, expired: int) -> Transfer:
    """`expired` is how many expired before; it only grows, so it makes the key unique.

    A credit that is released after the account's end expires in a transfer of its own.
    """
    return Transfer(f"expire:{account_id}:{expired}", "available", "expired", credits)
