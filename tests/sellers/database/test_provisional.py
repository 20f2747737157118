"""What a function did is told before its commit, where a database can tell; what follows at once shares the commit."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from paywall import clock
from paywall.burns.backlog import Backlog
from paywall.credits import store
from paywall.database.engine import Database, GroupFn, Provisional, TransactFn, Transaction
from paywall.database.opening import open_database
from paywall.database.sqlite_writer import SqliteWriter
from paywall.errors import CreditsExhausted, PaywallError, StorageUnavailable
from paywall.redemptions import store as redemption_store
from paywall.redemptions.redeeming import Redeemed, Redeeming
from paywall.redemptions.request import Reservation, own_key
from paywall.redemptions.reserving import RefusedUse
from paywall.redemptions.resource import Resource
from tests.bench.servers.noop import MemoryDeliveries
from tests.sellers.database.test_sqlite_groups import traced
from tests.support.outside.resource import Weather
from tests.support.world.accounts import open_accounts
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import PRODUCT, wanted
from tests.support.world.rows import OneByOne, names, quickly, write_hot, writing

ACCOUNT = "urn:uuid:account"


class Whim(Exception):
    """A function's own error."""


async def early(database: Database, fn: TransactFn[str]) -> Provisional[str]:
    return await database.provisionally(OneByOne[str](), fn)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'own.db'}"


def in_sqlite(url: str, test: Callable[[Database], object]) -> None:
    database = open_database(url)
    try:
        asyncio.run(test(database))  # type: ignore[arg-type]
    finally:
        database.close()


@in_loop
async def test_what_was_told_early_is_what_is_kept_on_both_databases(database: Database) -> None:
    begun = await early(database, writing(write_hot, "a"))
    assert (begun.done, await begun.kept) == ("a", "a")
    assert await database.read(names) == {"a"}


@in_loop
async def test_an_error_is_told_to_who_asked_early_and_changes_nothing(database: Database) -> None:
    def fails(tx: Transaction) -> str:
        write_hot(tx, "a")
        raise Whim

    with pytest.raises(Whim):
        await early(database, fails)
    assert await database.read(names) == set()


def test_who_was_told_early_and_goes_on_at_once_shares_the_commit(sqlite: str) -> None:
    async def go(database: Database) -> None:
        statements = await traced(database)
        begun = await early(database, writing(write_hot, "a"))
        assert "COMMIT" not in statements
        assert await quickly(database, writing(write_hot, "b")) == "b"
        assert await begun.kept == "a"
        assert statements.count("COMMIT") == 1

    in_sqlite(sqlite, go)


def test_a_group_that_is_undone_runs_anew_and_what_is_kept_may_differ_from_what_was_told(sqlite: str) -> None:
    runs: list[str] = []

    def counted(tx: Transaction) -> str:
        runs.append(f"run {len(runs) + 1}")
        write_hot(tx, runs[-1])
        return runs[-1]

    def fails(tx: Transaction) -> str:
        write_hot(tx, "undone")
        raise Whim

    async def go(database: Database) -> None:
        begun = await early(database, counted)
        with pytest.raises(Whim):
            await quickly(database, fails)
        assert (begun.done, await begun.kept) == ("run 1", "run 2")
        assert await database.read(names) == {"run 2"}

    in_sqlite(sqlite, go)


def test_a_commit_that_fails_is_told_to_who_waits_for_what_is_kept(sqlite: str) -> None:
    async def go(database: Database) -> None:
        writer = database._writer
        assert isinstance(writer, SqliteWriter)

        def fail(_connection: object) -> None:
            raise sqlite3.DatabaseError("malformed")

        event.listen(writer.engine, "commit", fail)
        begun = await early(database, writing(write_hot, "a"))
        with pytest.raises(StorageUnavailable):
            await begun.kept
        event.remove(writer.engine, "commit", fail)
        assert (begun.done, await database.read(names)) == ("a", set())

    in_sqlite(sqlite, go)


class Shop:
    """One account of three credits, and a resource that is delivered in steps."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.resource = Resource("weather", PRODUCT, "/api/weather", Weather(), MemoryDeliveries())
        self.redeeming = Redeeming(
            database=database,
            clock=clock.unix_now,
            references=clock.new_reference,
            salts=lambda: b"s" * 16,
            backlog=Backlog(10),
        )

    async def open(self) -> None:
        now = clock.unix_now()
        await self.database.transact(
            lambda tx: open_accounts(tx, [ACCOUNT], 3, now=now, expires_at=now + 1000)
        )

    async def use(self, *, key: str | None = None) -> Redeemed:
        redemption_id = clock.new_id()
        asked = wanted(
            redemption_id,
            ACCOUNT,
            key or own_key(redemption_id),
            document='{"town":"Oslo"}',
            resource="weather",
        )
        return await self.redeeming.redeem(self.resource, asked, user="u" * 64)

    async def buckets(self) -> dict[str, int]:
        balance = await self.database.read(lambda tx: store.balance(tx, ACCOUNT))
        assert balance is not None
        return {name: credits for name, credits in balance.buckets().items() if credits}


@pytest.mark.parametrize(("key", "commits"), [(None, 1), ("key", 2)])
def test_a_use_that_nobody_can_ask_for_again_is_reserved_and_captured_in_one_commit(
    sqlite: str, key: str | None, commits: int
) -> None:
    """One with a key is found under the same redemption after a crash, and so is durable before it is delivered."""

    async def go(database: Database) -> None:
        shop = Shop(database)
        await shop.open()
        statements = await traced(database)
        used = await shop.use(key=key)
        assert (used.body, used.credits_remaining) == (b"Rain in Oslo.", 2)
        assert statements.count("COMMIT") == commits
        assert await shop.buckets() == {"granted": 3, "available": 2, "captured": 1}

    in_sqlite(sqlite, go)


def test_a_use_whose_reservation_was_told_too_early_is_refused_with_what_was_kept(
    sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go(database: Database) -> None:
        shop = Shop(database)
        await shop.open()
        real = database.provisionally

        async def undone(fn: GroupFn[object, object], item: object) -> Provisional[object]:
            """As when another's error undid it, and run again it found no credits."""
            begun = await real(fn, item)
            held: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            await begun.kept
            await database.transact(lambda tx: store_release(tx, begun.done))
            held.set_result(RefusedUse(CreditsExhausted("The receipt has no credits left.")))
            return Provisional(begun.done, held)

        monkeypatch.setattr(database, "provisionally", undone)
        with pytest.raises(PaywallError) as refused:
            await shop.use()
        assert refused.value.code == "credits_exhausted"
        assert await shop.buckets() == {"granted": 3, "available": 3}

    in_sqlite(sqlite, go)


def store_release(tx: Transaction, held: object) -> None:
    assert isinstance(held, Reservation)
    assert redemption_store.release(tx, held.id, held.attempt, clock.unix_now())
