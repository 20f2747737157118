"""What was promised and what came: less than that is told, and never silently taken. Pure.

A receipt that falls short is kept all the same: the money is gone, and what it is good for is better than nothing.
"""

from dataclasses import dataclass

from buyer.purchase.receipts import HeldReceipt

CLOCK_LEEWAY = 60


@dataclass(frozen=True, slots=True)
class CreditCounts:
    """A credit account's buckets: granted = available + reserved + captured + expired + revoked + moved."""

    granted: int
    available: int
    reserved: int
    captured: int
    expired: int
    revoked: int
    moved: int

    @property
    def taken(self) -> int:
        """What was asked for: used, being used, or given away."""
        return self.captured + self.reserved + self.moved


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """`promised` and `got` in `unit`, of the receipt `receipt_id`. `code` is stable."""

    code: str
    receipt_id: str
    unit: str
    promised: int
    got: int

    def __str__(self) -> str:
        words = _WORDS[self.code].format(promised=self.promised, got=self.got, unit=self.unit)
        return f"PROMISE BROKEN ({self.code}): {words}; receipt {self.receipt_id}"


_WORDS = {
    "receipt_short": "the catalog promised credits valid for {promised} {unit}, and they are for {got}",
    "credits_short": "{promised} {unit} were bought, and the seller counts {got}",
    "credits_overtaken": "our uses cost {promised} {unit} by the catalog, and the seller took {got}",
}


def of_validity(receipt: HeldReceipt, promised: int | None, *, bought_at: int) -> BrokenPromise | None:
    """`promised` seconds by the catalog, None for none; `bought_at` (Unix seconds) unmasks an earlier date of issue."""
    got = receipt.expires_at - max(receipt.issued_at, bought_at)
    if promised is None or got >= promised - CLOCK_LEEWAY:
        return None
    return BrokenPromise("receipt_short", receipt.id, "seconds", promised, got)


def of_balance(receipt: HeldReceipt, counts: CreditCounts, cost: int) -> list[BrokenPromise]:
    """By the seller's own count; `cost` is what all that was ever asked for with the receipt costs by the catalog."""
    broken = []
    if counts.granted < receipt.granted:
        broken.append(BrokenPromise("credits_short", receipt.id, "credits", receipt.granted, counts.granted))
    if counts.taken > cost:
        broken.append(BrokenPromise("credits_overtaken", receipt.id, "credits", cost, counts.taken))
    return broken
