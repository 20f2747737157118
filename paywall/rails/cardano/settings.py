"""The rail's own settings. Network, Blockfrost and confirmations are the whole seller's: burns need them too."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from shared.money import Money, MoneyError

#: k of each network: a node rolls back so many blocks and no more
FINAL_DEPTH = {"devnet": 2160, "preprod": 2160, "preview": 432, "mainnet": 2160}


@dataclass(frozen=True, slots=True)
class CardanoSettings:
    """`ada_usd` is the price of one ADA in dollars; `cardano_address` is where payments go.

    A payment is looked at until it is `final_depth` blocks deep; 0 stands for the network's k.
    """

    needs_chain: ClassVar[bool] = True
    embedded: ClassVar[str] = ""

    ada_usd: str = "0.50"
    cardano_address: str = ""
    final_depth: int = 0

    @property
    def ada_price(self) -> Money:
        return Money.parse(f"{self.ada_usd} USD")

    def rules(self) -> Iterator[tuple[bool, str]]:
        yield self._is_price(), "PAYWALL_ADA_USD must be the price of one ADA in dollars, such as 0.50."

        yield self.final_depth >= 0, "PAYWALL_FINAL_DEPTH cannot be negative."

    def depth(self, network: str, least: int) -> int:
        """Never less than what settles a payment."""
        return max(self.final_depth or FINAL_DEPTH[network], least)

    def _is_price(self) -> bool:
        try:
            return self.ada_price.amount > 0
        except MoneyError:
            return False


SETTINGS = CardanoSettings
