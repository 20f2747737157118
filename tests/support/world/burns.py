"""Captured redemptions by the hundred, and workers that burn them step by step."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlmodel import select

from paywall import clock
from paywall.burns import store as burn_store
from paywall.burns.burn_worker import BurnWorker
from paywall.burns.states import BatchTerms
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.burns.wallet.base import WalletChain
from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.database.engine import Database, Transaction
from paywall.redemptions import store as redemption_store
from paywall.redemptions.request import Reservation
from shared.cardano.read.transaction import ParsedTransaction, parse
from tests.support.world.redemptions import BEARER, PROCESS, delivered, wanted
from tests.support.world.seller import Seller

TERMS = BatchTerms(size=1000, seconds=0, confirmations=1, final_depth=2160, resubmit_seconds=0, in_flight=1)
FAR = 4_000_000_000
HASH = "00" * 32


async def capture(seller: Seller, count: int, quantities: Sequence[int] = ()) -> list[str]:
    """Ids of as many captured redemptions, whose burns wait; each of one token unless `quantities` say more."""
    account, ids = str(uuid.uuid4()), [str(uuid.uuid4()) for _ in range(count)]

    def function(tx: Transaction) -> None:
        now = clock.unix_now()
        credit_store.open_account(
            tx,
            account_id=account,
            owner=BEARER,
            product="image-credit",
            opening=postings.grant(account, sum(quantities) or count),
            expires_at=FAR,
            now=now,
        )
        for name in ids:
            quantity = quantities[ids.index(name)] if quantities else 1
            use = wanted(name, account, quantity=quantity)
            reservation = redemption_store.reserve(tx, use, now, FAR, liveness=PROCESS)
            assert isinstance(reservation, Reservation)
            assert redemption_store.capture(tx, reservation, delivered(name.replace("-", "")), now)
            salt, bound = uuid.uuid4().bytes, reservation.commitment
            burn_store.insert(tx, name, salt, bound, quantity=quantity, now=now)

    await seller.parts.database.transact(function)
    return ids


def worker(
    seller: Seller,
    *,
    chain: WalletChain | None = None,
    database: Database | None = None,
    holder: str = "one",
    **terms: Any,
) -> BurnWorker:
    """A burn worker that knows nothing but the database."""
    return BurnWorker(
        database=database or seller.parts.database,
        chain=chain or seller.parts.chain,
        custody=seller.custody,
        terms=replace(TERMS, **terms),
        holder=holder,
        clock=clock.unix_now,
        ids=clock.new_id,
    )


async def burned(seller: Seller) -> int:
    """By the chain's own count."""
    supply = await seller.parts.chain.supply(seller.custody.asset)
    assert supply is not None
    return supply[1]


async def batches(seller: Seller) -> list[BurnBatchRow]:
    """Oldest first."""
    return await seller.parts.database.read(
        lambda tx: list(tx.session.exec(select(BurnBatchRow).order_by("created_at")))
    )


async def attempts(seller: Seller) -> list[BurnAttemptRow]:
    """Of all batches, oldest first."""
    return await seller.parts.database.read(
        lambda tx: list(tx.session.exec(select(BurnAttemptRow).order_by("created_at", "number")))
    )


async def on_chain(seller: Seller, tx_hash: str) -> ParsedTransaction | None:
    raw = await seller.parts.chain.transaction(tx_hash)
    return parse(raw) if raw is not None else None


async def finish(seller: Seller, **terms: Any) -> None:
    """A new worker for each step, and a block after each, until there is nothing left to burn."""
    for _ in range(60):
        if not await worker(seller, **terms).step():
            return
        seller.devnet.blocks()
    raise AssertionError("the burns do not come to an end")
