"""The rail's own settings. Network, Blockfrost and confirmations are the whole seller's: burns need them too."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from shared.money import Money, MoneyError


@dataclass(frozen=True, slots=True)
class CardanoSettings:
    """`ada_usd` is the price of one ADA in dollars; `cardano_address` is where payments go."""

    needs_chain: ClassVar[bool] = True
    embedded: ClassVar[str] = ""

    ada_usd: str = "0.50"
    cardano_address: str = ""

    @property
    def ada_price(self) -> Money:
        return Money.parse(f"{self.ada_usd} USD")

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield self._is_price(), "PAYWALL_ADA_USD must be the price of one ADA in dollars, such as 0.50."

    def _is_price(self) -> bool:
        try:
            return self.ada_price.amount > 0
        except MoneyError:
            return False


SETTINGS = CardanoSettings
