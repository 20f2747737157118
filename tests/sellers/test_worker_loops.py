"""Each of the worker's loops goes on whatever becomes of the others, on both databases."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from paywall import clock
from paywall.compose import compose, open_ring
from paywall.credits import postings, store
from paywall.credits.expiring import ALL_SECONDS, Expiring
from paywall.database.engine import Database, Transaction
from paywall.redemptions import store as redemption_store
from paywall.redemptions.recovery.overdue import overdue
from paywall.redemptions.tables import HolderProofRow
from paywall.seller import Seller
from paywall.settings import Settings
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import BEARER, PROCESS, PRODUCT, wanted

LONG_AGO, END = 1_000, 2_000
LEFT = {
    "released": "SELECT count(*) FROM redemption WHERE state = 'reserved'",
    "expired": "SELECT count(*) FROM credit_account WHERE available > 0 AND id = 'old'",
    "forgotten": "SELECT count(*) FROM holder_proof",
}
#: the table that is gone → what its loops cannot do
GONE = {"redemption": {"released"}, "holder_proof": {"forgotten"}}


def run(statement: str) -> Callable[[Transaction], int]:
    return lambda tx: int(tx.connection.execute(text(statement)).scalar_one())


def change(statement: str) -> Callable[[Transaction], object]:
    return lambda tx: tx.connection.execute(text(statement))


def account(tx: Transaction, name: str, end: int) -> None:
    store.open_account(
        tx,
        account_id=name,
        owner=BEARER,
        product=PRODUCT,
        opening=postings.grant(f"payment of {name}", 1),
        expires_at=end,
        now=LONG_AGO,
    )


def left_behind(tx: Transaction) -> None:
    """Something for each loop that tidies: a reservation, an account past its end, a used proof."""
    account(tx, "old", END)
    account(tx, "crashed", clock.unix_now() * 2)
    redemption_store.reserve(tx, wanted("use", "crashed"), LONG_AGO, LONG_AGO, liveness=PROCESS)
    tx.session.add(HolderProofRow(mark=b"mark", expires_at=END))


def seller(database_url: str, folder: Path) -> Seller:
    settings = Settings(
        data_dir=str(folder), database_url=database_url, policy="none", blockfrost_url="http://127.0.0.1:9"
    )
    return compose(settings, open_ring(settings))


async def one_round(parts: Seller) -> None:
    """Every loop once: they begin before they look whether to stop again."""
    stop = asyncio.Event()
    running = asyncio.create_task(parts.worker.run(stop))
    for _ in range(3):
        await asyncio.sleep(0)
    stop.set()
    await running


@pytest.mark.parametrize("gone", [None, *GONE])
@in_loop
async def test_what_one_loop_cannot_do_holds_up_no_other(
    database_url: str, tmp_path: Path, gone: str | None
) -> None:
    parts = seller(database_url, tmp_path)
    try:
        await parts.database.transact(left_behind)
        if gone is not None:
            await parts.database.transact(change(f"ALTER TABLE {gone} RENAME TO away"))
        await one_round(parts)
        if gone is not None:
            await parts.database.transact(change(f"ALTER TABLE away RENAME TO {gone}"))
        left = {name for name, count in LEFT.items() if await parts.database.read(run(count))}
        assert left == (GONE[gone] if gone else set())
    finally:
        await parts.close()


@in_loop
async def test_an_account_that_cannot_expire_holds_up_no_other(database: Database) -> None:
    names = [f"{number:03}" for number in range(102)]

    def opened(tx: Transaction) -> None:
        for name in names:
            account(tx, name, END)
        for bad in names[:-1]:  # its expiry is posted, and its bucket says that it is not
            store.post(tx, bad, postings.expire(bad, 1, 0), LONG_AGO)

    await database.transact(opened)
    now = [END - 1, END]
    expiring = Expiring(database=database, clock=lambda: now.pop(0))
    assert [await expiring.step() for _ in range(2)] == [0, 1]
    assert await database.read(lambda tx: store.balance(tx, names[-1]).expired) == 1  # type: ignore[union-attr]


@in_loop
async def test_what_comes_back_to_an_account_that_ended_long_ago_expires_within_the_hour(
    database: Database,
) -> None:
    now = [END]
    expiring = Expiring(database=database, clock=lambda: now[0])
    await expiring.step()
    await database.transact(lambda tx: account(tx, "late", END - 10))
    now[0] = END + ALL_SECONDS - 1
    assert await expiring.step() == 0
    now[0] += 1
    assert await expiring.step() == 1


@in_loop
async def test_what_the_worker_looks_for_again_and_again_is_found_by_an_index_of_its_own(
    database: Database,
) -> None:
    """A walk through all that there ever was took the processor's twentieth part, over a million redemptions."""
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL plans by what the tables hold, which is nothing here")

    def plans(tx: Transaction) -> list[str]:
        asked: list[tuple[str, Any]] = []
        cursor = tx.connection.connection.cursor()
        event.listen(tx.connection, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        overdue(tx, END)
        store.past_end(tx, END)
        return [
            str(row[3]) for one in asked for row in cursor.execute(f"EXPLAIN QUERY PLAN {one[0]}", one[1])
        ]

    found = " ".join(await database.read(plans))
    assert "ix_redemption_reserved" in found
    assert "ix_credit_account_expires_at" in found
    assert "autoindex" not in found
