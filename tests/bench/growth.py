"""A database that has grown: payment requests, accounts and redemptions by the product's own functions.

Ids are made as they come, and accounts are used in random order, as buyers do; their burns are confirmed, in full
batches. Nothing is written past the stores.
"""

import asyncio
import hashlib
import os
import random
import shutil
from pathlib import Path

from paywall.burns.store import Sighting, move_batch
from paywall.burns.wallet.forming import draft_batch, form_batch
from paywall.clock import new_id, new_reference, unix_now
from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.redemptions.at_once import Done, QuickUse, UseAtOnce
from paywall.redemptions.request import RedemptionRequest
from paywall.redemptions.reserving import ToReserve
from paywall.redemptions.resource import Resource
from paywall.sales.store import Insert, ToStore
from tests.bench.servers import ours
from tests.bench.servers.noop import NoopAtOnce
from tests.support.world.accounts import open_accounts
from tests.support.world.redemptions import PRODUCT
from tests.support.world.sales import stored_request

#: redemptions for one account that is opened (by chance: its credits are more), and for one transaction
OF_AN_ACCOUNT, CREDITS, AT_ONCE = 20, 100, 1000
SEED = 8
FAR = 10**9
#: of a payment request: they expire in the order in which they came
LIFE = 900
POLICY = "ab" * 28
ASKED = '{"name":"Abraham Lincoln"}'
HASH = hashlib.sha256(ASKED.encode()).hexdigest()
TOKEN = f"e30.e30.{'s' * 86}"  # its signature is what a row keeps


def grown(folder: Path, redemptions: int) -> Path:
    """A copy of the seller in `folder`, with so many redemptions and payment requests more."""
    copy = copied(folder, "grown")
    asyncio.run(_fill(ours.settings(copy, 0).database, redemptions))
    return copy


def copied(folder: Path, name: str) -> Path:
    """A copy of the seller in `folder`, in a folder of that name in it."""
    copy = folder / name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("grown", "every", "*.log", "burns"))
    return copy


async def _fill(url: str, redemptions: int) -> None:
    database = open_database(url)
    try:
        chance = random.Random(SEED)
        accounts = [f"urn:uuid:{new_id()}" for _ in range(max(1, redemptions // OF_AN_ACCOUNT))]
        for first in range(0, len(accounts), AT_ONCE):
            some = accounts[first : first + AT_ONCE]
            now = unix_now()
            await database.transact(
                lambda tx, some=some, now=now: open_accounts(tx, some, CREDITS, now=now, expires_at=now + FAR)  # type: ignore[misc]
            )
        use, insert = UseAtOnce(database.liveness), Insert()
        for _ in range(0, redemptions, AT_ONCE):
            await _write(database, use, insert, chance.choices(accounts, k=AT_ONCE))
            await database.transact(_burn)
    finally:
        database.close()


async def _write(database: Database, use: UseAtOnce, insert: Insert, accounts: list[str]) -> None:
    resource = Resource("bench", PRODUCT, "/api/bench", NoopAtOnce(dict))

    def write(tx: Transaction) -> None:
        for account in accounts:
            insert.one(tx, _request())
            assert isinstance(use.one(tx, _use(resource, account)), Done)

    await database.transact(write)


def _burn(tx: Transaction) -> None:
    """What waits is burned, in one transaction on a chain that there is not."""
    draft = draft_batch(tx, AT_ONCE, tokens=AT_ONCE)
    assert draft is not None
    batch = form_batch(tx, new_id(), POLICY, draft, unix_now())
    landed = Sighting(os.urandom(32).hex(), batch.number, 2)
    assert move_batch(tx, batch, "confirmed", unix_now(), tx_hash=os.urandom(32).hex(), sighting=landed)


def _use(resource: Resource, account: str) -> QuickUse:
    redemption_id, now = new_id(), unix_now()
    request = RedemptionRequest(
        id=redemption_id,
        account_id=account,
        product=PRODUCT,
        resource=resource.id,
        quantity=1,
        idempotency_key=f"redemption {redemption_id}",
        request=ASKED,
        request_hash=HASH,
        document=ASKED,
        owes_burn=True,
        holder_proof=None,
    )
    return QuickUse(
        ToReserve(request, now, now + 150, full=False), resource, "u" * 64, new_reference(), os.urandom(16)
    )


def _request() -> ToStore:
    now = unix_now()
    return stored_request(new_id(), TOKEN, issued_at=now, expires_at=now + LIFE, product=PRODUCT)
