"""The settings of the sale: whether receipts must be bound, and how long unpaid requests are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class SalesSettings:
    """`holders` are "required" or "optional" in what is bought; empty stands for the network's own.

    An unpaid payment request is forgotten `unpaid_hours` after it has expired.
    """

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    holders: str = ""
    unpaid_hours: int = 72

    @property
    def unpaid_seconds(self) -> int:
        return self.unpaid_hours * 3600

    def holder_required(self, network: str) -> bool:
        """Where money is real, a receipt that anybody can use is not sold by default."""
        return self.holders == "required" or (not self.holders and network == "mainnet")

    @property
    def use_needs_holder(self) -> bool:
        """By default a use is sold to payers that name nobody: it is paid for in its own call, and used at once."""
        return self.holders == "required"

    def rules(self) -> Iterator[tuple[bool, str]]:
        known = self.holders in {"", "required", "optional"}
        yield known, "PAYWALL_HOLDERS must be required or optional, or empty for the network's own."
        yield self.unpaid_hours >= 1, "PAYWALL_UNPAID_HOURS must be at least 1."


SETTINGS = SalesSettings
