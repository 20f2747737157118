"""Credits move between buckets by postings that sum to zero: pure.

Every transfer has two sides, `(bucket, amount)`. The contra bucket is `granted`, which is posted negative:
after any postings, −granted = available + reserved + captured + expired + revoked.
"""

from dataclasses import dataclass
from typing import Literal

Bucket = Literal["granted", "available", "reserved", "captured", "expired", "revoked"]
BUCKETS: tuple[Bucket, ...] = ("granted", "available", "reserved", "captured", "expired", "revoked")


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

    @property
    def sides(self) -> tuple[tuple[Bucket, int], tuple[Bucket, int]]:
        return (self.source, -self.amount), (self.target, self.amount)


def grant(payment_id: str, credits: int) -> Transfer:
    return Transfer(f"grant:{payment_id}", "granted", "available", credits)


def reserve(redemption_id: str, attempt: int) -> Transfer:
    return Transfer(f"reserve:{redemption_id}:{attempt}", "available", "reserved", 1)


def capture(redemption_id: str, attempt: int) -> Transfer:
    return Transfer(f"capture:{redemption_id}:{attempt}", "reserved", "captured", 1)


def release(redemption_id: str, attempt: int) -> Transfer:
    return Transfer(f"release:{redemption_id}:{attempt}", "reserved", "available", 1)


def expire(account_id: str, credits: int, expired: int) -> Transfer:
    """`expired` is how many expired before; it only grows, so it makes the key unique.

    A credit that is released after the account's end expires in a transfer of its own.
    """
    return Transfer(f"expire:{account_id}:{expired}", "available", "expired", credits)
