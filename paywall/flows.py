"""The flows of a seller, made of its adapters and its settings."""

from collections.abc import Sequence
from dataclasses import dataclass

from paywall import clock
from paywall.burns.custody import Custody
from paywall.burns.wallet.base import WalletChain
from paywall.burns.wallet.coverage import TokenCoverage
from paywall.database.engine import Database
from paywall.gifts.giving import Giving
from paywall.keys.identity import Identity
from paywall.limits.limiter import RateLimiter
from paywall.limits.settings import ORDERS
from paywall.payments.claims import Claims
from paywall.payments.looks import Looks
from paywall.payments.receipts import Receipts
from paywall.payments.reversing.reversals import Reversals
from paywall.payments.settings import PaymentSettings
from paywall.payments.settlement import Settlement
from paywall.payments.turns import Turns
from paywall.rails.base import Rail
from paywall.redemptions.access import ReceiptVerifier
from paywall.redemptions.resource import Resource
from paywall.revocations.status_places import StatusPlaces
from paywall.sales.prices import Product
from paywall.sales.selling import Selling
from paywall.sales.settings import SalesSettings
from paywall.settings import Settings
from shared.dialects.base import Dialect


@dataclass(frozen=True, slots=True)
class Adapters:
    """What reaches outside the process. `custody` is None for a seller without burns."""

    database: Database
    chain: WalletChain
    identity: Identity
    custody: Custody | None
    products: dict[str, Product]
    rails: Sequence[Rail]
    resources: Sequence[Resource]
    dialects: Sequence[Dialect]

    @property
    def token(self) -> str | None:
        """The asset that is burned, "<policyId>.<nameHex>"."""
        return None if self.custody is None else self.custody.asset.dotted


def coverage_of(adapters: Adapters) -> TokenCoverage | None:
    if adapters.custody is None:
        return None
    return TokenCoverage(
        database=adapters.database, chain=adapters.chain, custody=adapters.custody, clock=clock.unix_now
    )


def selling_of(
    settings: Settings, adapters: Adapters, limiter: RateLimiter, coverage: TokenCoverage | None
) -> Selling:
    own = settings.room(SalesSettings)
    return Selling(
        database=adapters.database,
        identity=adapters.identity,
        products=adapters.products,
        rails=adapters.rails,
        token=adapters.token,
        service_url=settings.service_url,
        valid_seconds=settings.request_seconds,
        holder_required=own.holder_required(settings.network),
        use_needs_holder=own.use_needs_holder,
        clock=clock.unix_now,
        ids=clock.new_id,
        admit=lambda: limiter.take(ORDERS),
        cover=coverage,
    )


def receipts_of(settings: Settings, adapters: Adapters) -> Receipts:
    return Receipts(
        identity=adapters.identity,
        places=StatusPlaces(adapters.database, settings.service_url),
        validity_days={product.id: product.validity_days for product in adapters.products.values()},
        clock=clock.unix_now,
        ids=clock.new_id,
    )


def settlement_of(
    settings: Settings, adapters: Adapters, receipts: Receipts, coverage: TokenCoverage | None
) -> Settlement:
    own = settings.room(PaymentSettings)
    turns = Turns(own.payment_looks)
    rails = {rail.id: rail for rail in adapters.rails}
    claims = Claims(
        database=adapters.database,
        identity=adapters.identity,
        rails=rails,
        turns=turns,
        kept=settings.room(SalesSettings).unpaid_seconds,
        clock=clock.unix_now,
        ids=clock.new_id,
        cover=coverage,
    )
    return Settlement(
        database=adapters.database,
        claims=claims,
        rails=rails,
        receipts=receipts,
        looks=Looks(turns, own.fresh_seconds(settings.network)),
        clock=clock.unix_now,
    )


def giving_of(adapters: Adapters, verifier: ReceiptVerifier, receipts: Receipts) -> Giving:
    return Giving(
        database=adapters.database,
        receipt_verifier=verifier,
        receipts=receipts,
        rails={rail.id: rail for rail in adapters.rails},
        clock=clock.unix_now,
        ids=clock.new_id,
    )


def reversals_of(settings: Settings, adapters: Adapters) -> Reversals:
    return Reversals(
        database=adapters.database,
        rails=adapters.rails,
        clock=clock.unix_now,
        pause=settings.room(PaymentSettings).watch_seconds(settings.network),
    )
