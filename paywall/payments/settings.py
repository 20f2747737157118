"""The settings of payments: how hard clients may make us look at them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

#: stands for the network's own
DEFAULT_LOOK_SECONDS = -1.0


@dataclass(frozen=True, slots=True)
class PaymentSettings:
    """`payment_looks` payments are looked at at once for clients; one look is good for `look_seconds`."""

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    payment_looks: int = 16
    look_seconds: float = DEFAULT_LOOK_SECONDS

    def fresh_seconds(self, network: str) -> float:
        """The devnet costs nothing to ask, and makes a block every second."""
        if self.look_seconds != DEFAULT_LOOK_SECONDS:
            return self.look_seconds
        return 0.0 if network == "devnet" else 2.0

    def watch_seconds(self, network: str) -> int:
        """How often a settled payment is looked at until it is final."""
        return 5 if network == "devnet" else 600

    def refund_seconds(self, network: str) -> int:
        """How often a refund that is on its way is looked at."""
        return 1 if network == "devnet" else 60

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield self.payment_looks >= 1, "PAYWALL_PAYMENT_LOOKS must be at least 1."
        yield (
            self.look_seconds == DEFAULT_LOOK_SECONDS or 0 <= self.look_seconds <= 60,  # noqa: PLR2004
            "PAYWALL_LOOK_SECONDS must be from 0 to 60.",
        )


SETTINGS = PaymentSettings
