"""One seller: its flows, wired together. No business rule lives here."""

from contextlib import AsyncExitStack

from starlette.types import ASGIApp

from paywall import clock
from paywall.burns.backlog import Backlog
from paywall.burns.opening import open_burn_worker
from paywall.flows import (
    Adapters,
    coverage_of,
    giving_of,
    receipts_of,
    reversals_of,
    selling_of,
    settlement_of,
)
from paywall.keys import rotation
from paywall.limits.limiter import RateLimiter
from paywall.limits.networks import TrustedProxies
from paywall.limits.settings import LimitSettings
from paywall.ops.metrics import Metrics
from paywall.ops.readiness import Readiness
from paywall.ops.worker import Worker
from paywall.payments.forgetting import Forgetting
from paywall.payments.instructions.instructing import Instructing
from paywall.payments.naming import Naming
from paywall.payments.settings import PaymentSettings
from paywall.payments.status import Statuses
from paywall.proofs.public import Proofs
from paywall.rails.registry import charges, worded
from paywall.redemptions.access import ReceiptVerifier
from paywall.redemptions.reading import Reading
from paywall.redemptions.redeeming import Redeeming
from paywall.redemptions.using import Using
from paywall.refunds.refunding import Refunding
from paywall.refunds.sending import RefundSending
from paywall.revocations.revoking import Revoking
from paywall.revocations.status_lists import StatusLists
from paywall.sales.catalog import catalog_of
from paywall.sales.settings import SalesSettings
from paywall.settings import Settings
from paywall.web.app import Surface, build_app, build_pricing
from paywall.web.credentials import Origins
from paywall.web.operations import operator_app
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.settings import WebSettings


class Seller:
    """Everything that sells, by what it does. `start` before the first request, `close` after the last."""

    def __init__(self, settings: Settings, adapters: Adapters) -> None:
        self.settings = settings
        self._adapters, self.database, self.chain = adapters, adapters.database, adapters.chain
        self.identity, self.custody = adapters.identity, adapters.custody
        self.resources = {resource.id: resource for resource in adapters.resources}
        backlog = Backlog(settings.burn_backlog)
        limits = settings.room(LimitSettings)
        self._limiter = RateLimiter(limits, adapters.database, clock.unix_microseconds)
        self._proxies = TrustedProxies(limits.trusted_proxies)
        self.coverage = coverage_of(adapters)
        self.selling = selling_of(settings, adapters, self._limiter, self.coverage)
        receipts = receipts_of(settings, adapters)
        self.settlement = settlement_of(settings, adapters, receipts, self.coverage)
        self.redeeming = Redeeming(
            database=adapters.database,
            clock=clock.unix_now,
            references=clock.new_reference,
            salts=clock.random_bytes,
            backlog=backlog,
        )
        self._verifier = ReceiptVerifier(adapters.identity, clock.unix_now)
        self.refunding = Refunding(
            database=adapters.database,
            identity=adapters.identity,
            receipt_verifier=self._verifier,
            rails={rail.id: rail for rail in adapters.rails},
            products=adapters.products,
            clock=clock.unix_now,
            ids=clock.new_id,
        )
        self.giving = giving_of(adapters, self._verifier, receipts)
        self.revoking = Revoking(adapters.database, clock.unix_now)
        self.burning = open_burn_worker(settings, self.database, self.chain, self.custody)
        self.worker = self._worker(backlog)
        chain = adapters.chain if settings.needs_chain else None
        ready = Readiness(adapters.database, chain, self.custody, settings.low_water, self.coverage)
        unit = None if self.custody is None else self.custody.asset.unit
        metrics = Metrics(adapters.database, unit, settings.low_water, self.coverage)
        surface = self._surface(metrics, ready)
        self.app: ASGIApp = build_app(surface)
        self.pricing = build_pricing(surface)
        #: what the operator alone may see
        self.operator: ASGIApp = operator_app(ready.look, metrics.exposition)

    def _worker(self, backlog: Backlog) -> Worker:
        settings, adapters = self.settings, self._adapters
        return Worker(
            database=self.database,
            burning=self.burning,
            settlement=self.settlement,
            reversals=reversals_of(settings, adapters),
            forgetting=Forgetting(
                database=self.database,
                clock=clock.unix_now,
                kept=settings.room(SalesSettings).unpaid_seconds,
            ),
            refunds=RefundSending(
                database=self.database,
                rails=adapters.rails,
                clock=clock.unix_now,
                pause=settings.room(PaymentSettings).refund_seconds(settings.network),
            ),
            backlog=backlog,
            clock=clock.unix_now,
            tick_seconds=settings.tick_seconds,
        )

    def _surface(self, metrics: Metrics, ready: Readiness) -> Surface:
        settings, adapters = self.settings, self._adapters
        verifier, origins = self._verifier, Origins(settings)
        return Surface(
            service_url=settings.service_url,
            origins=origins,
            cors_origins=settings.room(WebSettings).origins,
            resources=adapters.resources,
            products=adapters.products,
            charges=charges(adapters.rails, adapters.products),
            catalog=self._catalog,
            dialects=PaymentDialects(
                adapters.dialects, clock.unix_now, origins.called, worded(adapters.rails)
            ),
            identity=adapters.identity,
            reading=Reading(adapters.database),
            selling=self.selling,
            settlement=self.settlement,
            instructing=Instructing(self.database, adapters.identity, adapters.rails, clock.unix_now),
            naming=Naming(self.database, self.selling, adapters.rails),
            statuses=Statuses(database=adapters.database, settlement=self.settlement, clock=clock.unix_now),
            receipt_verifier=verifier,
            using=Using(self.selling, verifier, self.redeeming, clock.new_id),
            refunding=self.refunding,
            giving=self.giving,
            status_lists=StatusLists(
                database=adapters.database,
                identity=adapters.identity,
                service_url=settings.service_url,
                clock=clock.unix_now,
            ),
            proofs=Proofs(
                database=adapters.database,
                resources=self.resources,
                token=adapters.token,
                confirmations=settings.required_confirmations,
            ),
            metrics=metrics,
            ready=ready.look,
            limiter=self._limiter,
            proxies=self._proxies,
            clock=clock.unix_now,
        )

    async def _catalog(self) -> dict[str, object]:
        """Errors: StorageUnavailable."""
        settings, adapters = self.settings, self._adapters
        catalog = catalog_of(
            seller=adapters.identity.did,
            network=settings.chain_network,
            chain_url=settings.chain_url if settings.network == "devnet" and settings.needs_chain else None,
            token=adapters.token,
            products=[product.describe() for product in adapters.products.values()],
            rails=[rail.describe() for rail in adapters.rails],
            resources=[resource.describe() for resource in adapters.resources],
        )
        return catalog if self.coverage is None else catalog | {"credits_left": await self.coverage.left()}

    async def start(self) -> None:
        """Note the keys that sign, and remember those that signed before: what they signed still counts.

        From here on `paywall migrate` sees that this process lives.
        """
        await self.database.read(lambda _: self.database.liveness.own())
        keep = rotation.longest_use(self._adapters.products.values(), self.settings.request_seconds)
        keys, now = self.identity.signing, clock.unix_now()
        former = await self.database.transact(lambda tx: rotation.rotate_to(tx, keys, now, keep))
        self.identity.remember(former)

    async def close(self) -> None:
        """What was handed in is closed too. Each part is, whatever becomes of the others."""
        async with AsyncExitStack() as parts:
            parts.callback(self.database.close)
            parts.push_async_callback(self.chain.aclose)
            for resource in self._adapters.resources:
                parts.push_async_callback(resource.fulfilment.aclose)
            for rail in self._adapters.rails:
                parts.push_async_callback(rail.aclose)
            if self.coverage is not None:
                parts.push_async_callback(self.coverage.aclose)
            await self.redeeming.drain()
