"""One buyer at one seller: connections, the seller's checked identity, the chain; each when first needed."""

import secrets
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import httpx

from buyer.errors import SellerFault
from buyer.limits import SpendingLimits
from buyer.purchase.promises import BrokenPromise
from buyer.purchase.receipts import HeldReceipt
from buyer.seller import catalog, identity
from buyer.seller.catalog import Catalog
from buyer.seller.holder_auth import HolderAuth
from buyer.seller.http import SellerHttp
from buyer.seller.origin import seller_origin
from buyer.wallet import chains, owner
from buyer.wallet.chains import OfferedChain
from buyer.wallet.file import Wallet
from shared.chain.base import Chain
from shared.keys import PublicKey


@dataclass(frozen=True, slots=True)
class KnownSeller:
    """A seller whose identity is the one that this wallet knows it by."""

    did: str
    keys: Sequence[PublicKey]
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class Context:
    """What comes from outside: time (Unix seconds), variables, where to say what happens."""

    now: Callable[[], int]
    environment: Mapping[str, str]
    say: Callable[[str], None]
    trace: Callable[[str], None]
    transport: httpx.AsyncBaseTransport | None = None


class Session:
    """Shared by the flows of one client. `any_network` lets it deal with sellers of another than the wallet's."""

    def __init__(self, url: str, wallet: Wallet, context: Context, *, any_network: bool = False) -> None:
        self.wallet = wallet
        self.context = context
        self.origin = seller_origin(url)
        self.http = SellerHttp(self.origin, trace=context.trace, say=context.say, transport=context.transport)
        self._seller: KnownSeller | None = None
        self._chain: Chain | None = None
        self._any_network = any_network
        #: what the owner of the wallet has set, or no limits
        self.limits = wallet.transact(owner.limits) or SpendingLimits()
        #: the variables, as far as the owner has not settled what they say
        self.environment = owner.environment(wallet, context.environment)
        #: what the seller promised and did not keep, as far as it showed itself
        self.broken: list[BrokenPromise] = []

    async def seller(self) -> KnownSeller:
        """The seller, met once. SellerFault when it is not who it was, UsageError on another network."""
        if self._seller is None:
            reply = await self.http.send("GET", "/api/catalog")
            if not reply.ok:
                hint = "Is that the URL of a paywall?"
                raise SellerFault(
                    "catalog_missing", f"{self.origin} has no catalog", hint=hint, seller_says=reply.problem()
                )
            listed = catalog.read(reply.json())
            if listed.network != self.wallet.network and not self._any_network:
                raise chains.differs(listed.network, self.wallet.network)
            keys = await identity.keys_of(listed.seller, self.http)
            self.recognise(listed.seller, keys)
            self._seller = KnownSeller(listed.seller, keys, listed)
        return self._seller

    def recognise(self, did: str, keys: Sequence[PublicKey]) -> None:
        """Hold the seller to whom it was when this wallet first met it. Errors: SellerFault."""

        def known(db: sqlite3.Connection) -> None:
            identity.pin(db, self.origin, did, self.context.now())
            identity.hold(db, self.origin, [key.thumbprint for key in keys])

        self.wallet.transact(known)

    def note(self, broken: Iterable[BrokenPromise]) -> None:
        """Tell of promises that were not kept, each once."""
        for promise in broken:
            if promise not in self.broken:
                self.broken.append(promise)
                self.context.say(str(promise))

    async def chain(self) -> Chain:
        """The chain of the seller's network, on which it burns."""
        if self._chain is None:
            seller = await self.seller()
            self._chain = chains.connect(
                OfferedChain(seller.catalog.network, seller.catalog.chain_url, self.origin),
                self.environment,
            )
        return self._chain

    def believes_chain(self) -> bool:
        """Whether that chain is one that the buyer chose."""
        return owner.believes_chain(self.wallet, self.wallet.network, self.context.environment)

    def proof(self, receipt: HeldReceipt | str) -> HolderAuth:
        """Shows `receipt`, or the receipt of that token, and that its key is ours."""
        return HolderAuth(
            self.wallet.key,
            now=self.context.now,
            new_jti=lambda: secrets.token_urlsafe(16),
            token=receipt if isinstance(receipt, str) else receipt.token,
        )

    @staticmethod
    def new_id() -> str:
        return str(uuid.uuid4())

    async def aclose(self) -> None:
        await self.http.aclose()
        if self._chain is not None:
            await self._chain.aclose()
