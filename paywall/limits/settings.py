"""The settings of the rate limits, and which proxies are believed when they say for whom they ask."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from paywall.limits.buckets import MINUTE
from paywall.limits.networks import TrustedProxies

#: the kinds of call that cost this seller more than its caller: a 402 (signed and stored), a claim (its
#: signatures and chain checked), and a look at how a payment, redemption or burn stands (may ask the chain)
ORDERS, CLAIMS, LOOKUPS = "orders", "claims", "lookups"
#: what claims and looks make us ask the chain; a payment of many inputs is as many questions
CHAIN_CALLS = "chain_calls"
#: a burst of so many calls, refilled at as many a minute, of one client that is not on loopback
PER_MINUTE = {ORDERS: 120, CLAIMS: 300, LOOKUPS: 600, CHAIN_CALLS: 300}
#: of all who are not on loopback together: what Blockfrost answers for long (docs.blockfrost.io, 10 a second)
CHAIN_CALLS_OF_ALL = 600


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """Each `…_per_minute`: 0 stands for `PER_MINUTE`, and no limit on loopback; a figure counts for everybody."""

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    trusted_proxies: str = ""
    orders_per_minute: int = 0
    claims_per_minute: int = 0
    lookups_per_minute: int = 0
    chain_calls_per_minute: int = 0
    chain_calls_of_all_per_minute: int = 0

    def per_minute(self, kind: str, *, local: bool) -> int:
        """How many calls of this kind one client may make at once, and get back in a minute; 0 for any number."""
        chosen = {
            ORDERS: self.orders_per_minute,
            CLAIMS: self.claims_per_minute,
            LOOKUPS: self.lookups_per_minute,
            CHAIN_CALLS: self.chain_calls_per_minute,
        }[kind]
        return chosen or (0 if local else PER_MINUTE[kind])

    def chain_calls_of_all(self, *, local: bool) -> int:
        """How many questions a minute all clients together may make us ask the chain; 0 for any number."""
        return self.chain_calls_of_all_per_minute or (0 if local else CHAIN_CALLS_OF_ALL)

    def rules(self) -> Iterator[tuple[bool, str]]:
        for kind in (*PER_MINUTE, f"{CHAIN_CALLS}_of_all"):
            figure = getattr(self, f"{kind}_per_minute")
            sentence = f"PAYWALL_{kind.upper()}_PER_MINUTE must be from 0 to {MINUTE}."
            yield 0 <= figure <= MINUTE, sentence  # calls are counted in microseconds
        networks = TrustedProxies.readable(self.trusted_proxies)
        yield networks, "PAYWALL_TRUSTED_PROXIES takes addresses and networks, with commas between them."


SETTINGS = LimitSettings
