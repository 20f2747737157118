"""Who a seller says that it is now, whatever the wallet knows it by: for its owner to decide."""

from collections.abc import Callable
from dataclasses import dataclass

from buyer.seller import catalog, identity
from buyer.seller.http import SellerHttp, refusal
from buyer.seller.origin import seller_origin


@dataclass(frozen=True, slots=True)
class Introduction:
    """An origin's identity as it presents itself; `thumbprints` are those of the keys that speak for it."""

    origin: str
    did: str
    thumbprints: tuple[str, ...]

    @property
    def identity(self) -> str:
        """All of it in one word, to compare with what the seller tells on another way."""
        return "#".join([self.did, *self.thumbprints])


async def introduction(url: str, trace: Callable[[str], None], say: Callable[[str], None]) -> Introduction:
    """What the seller presents. SellerFault when not even that holds together."""
    http = SellerHttp(seller_origin(url), trace=trace, say=say)
    try:
        reply = await http.send("GET", "/api/catalog")
        if not reply.ok:
            raise refusal(reply)
        did = catalog.read(reply.json()).seller
        keys = await identity.keys_of(did, http)
        return Introduction(http.origin, did, tuple(sorted(key.thumbprint for key in keys)))
    finally:
        await http.aclose()
