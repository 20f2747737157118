"""The flows, joined: what the app and the worker run on the adapters."""

import secrets
from dataclasses import dataclass

from paywall import clock
from paywall.adapters import IMAGE_PRODUCT, Adapters
from paywall.burns.backlog import Backlog
from paywall.burns.burning import BatchTerms, Burning
from paywall.ops.worker import Worker
from paywall.payments.claims import Claims
from paywall.payments.receipts import Receipts
from paywall.payments.settlement import Settlement
from paywall.payments.status import Statuses
from paywall.proofs.public import Proofs
from paywall.redemptions.access import ReceiptVerifier
from paywall.redemptions.redeeming import Redeeming
from paywall.sales.selling import Selling
from paywall.settings import Settings

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Flows:
    """One of each."""

    selling: Selling
    settlement: Settlement
    statuses: Statuses
    receipt_verifier: ReceiptVerifier
    redeeming: Redeeming
    burning: Burning
    proofs: Proofs
    worker: Worker


def join(settings: Settings, adapters: Adapters) -> Flows:
    now = clock.unix_now
    settlement = _settlement(adapters)
    backlog = Backlog(settings.burn_backlog)
    redeeming = Redeeming(
        database=adapters.database,
        maker=adapters.maker,
        pictures=adapters.pictures,
        time_limit=settings.image_seconds,
        clock=now,
        ids=clock.new_id,
        salts=lambda: secrets.token_bytes(SALT_BYTES),
        backlog=backlog,
    )
    burning = _burning(settings, adapters)
    return Flows(
        selling=_selling(settings, adapters),
        settlement=settlement,
        statuses=Statuses(database=adapters.database, settlement=settlement, clock=now),
        receipt_verifier=ReceiptVerifier(adapters.identity, now),
        redeeming=redeeming,
        burning=burning,
        proofs=Proofs(
            database=adapters.database,
            pictures=adapters.pictures,
            token=adapters.custody.asset.dotted,
            product=IMAGE_PRODUCT,
            confirmations=settings.required_confirmations,
        ),
        worker=Worker(
            database=adapters.database,
            burning=burning,
            settlement=settlement,
            redeeming=redeeming,
            backlog=backlog,
            clock=now,
            tick_seconds=settings.tick_seconds,
        ),
    )


def _selling(settings: Settings, adapters: Adapters) -> Selling:
    return Selling(
        database=adapters.database,
        identity=adapters.identity,
        products=adapters.products,
        rails=adapters.rails,
        token=adapters.custody.asset.dotted,
        service_url=settings.service_url,
        valid_seconds=settings.request_seconds,
        clock=clock.unix_now,
        ids=clock.new_id,
    )


def _settlement(adapters: Adapters) -> Settlement:
    receipts = Receipts(
        identity=adapters.identity,
        validity_days={product.id: product.validity_days for product in adapters.products.values()},
        clock=clock.unix_now,
        ids=clock.new_id,
    )
    rails = {rail.id: rail for rail in adapters.rails}
    claims = Claims(
        database=adapters.database,
        identity=adapters.identity,
        rails=rails,
        clock=clock.unix_now,
        ids=clock.new_id,
    )
    return Settlement(
        database=adapters.database, claims=claims, rails=rails, receipts=receipts, clock=clock.unix_now
    )


def _burning(settings: Settings, adapters: Adapters) -> Burning:
    terms = BatchTerms(
        settings.batch_size,
        settings.burn_batch_seconds,
        settings.required_confirmations,
        settings.resubmit_seconds,
        settings.batches_in_flight,
    )
    return Burning(
        database=adapters.database,
        chain=adapters.chain,
        custody=adapters.custody,
        terms=terms,
        holder=_holder(adapters),
        clock=clock.unix_now,
        ids=clock.new_id,
    )


def _holder(adapters: Adapters) -> str:
    """SQLite has one writing process, so its next one need not wait for the lease of one that died."""
    return "the only process" if adapters.database.dialect == "sqlite" else clock.new_id()
