"""Who asks for something while the database closes, or afterwards, is answered; on both databases."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.errors import StorageUnavailable
from tests.support.world.rows import names, quickly, write_hot, writing

#: a hang is to be told as one
SECONDS = 20


class Written:
    """A group function that writes the names that it is given."""

    def one(self, tx: Transaction, item: str) -> str:
        write_hot(tx, item)
        return item

    def many(self, tx: Transaction, items: Sequence[str]) -> list[str] | None:
        return [self.one(tx, item) for item in items]


class Held(Written):
    """Holds its thread until it may go on; then it is not plain, or is."""

    def __init__(self, *, plain: bool) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._plain = plain

    def many(self, tx: Transaction, items: Sequence[str]) -> list[str] | None:
        self.hold()
        return super().many(tx, items) if self._plain else None

    def hold(self) -> None:
        self.begun.set()
        assert self.go_on.wait(SECONDS)


async def begun(held: Held) -> None:
    assert await asyncio.to_thread(held.begun.wait, SECONDS)


async def answers(*asked: "asyncio.Task[str]") -> list[object]:
    async with asyncio.timeout(SECONDS):
        return [
            type(one) if isinstance(one, BaseException) else one
            for one in await asyncio.gather(*asked, return_exceptions=True)
        ]


def left(url: str) -> set[str]:
    database = open_database(url)
    try:
        return asyncio.run(database.read(names))
    finally:
        database.close()


ASKING: dict[str, Callable[[Database], object]] = {
    "alone": lambda database: database.transact(writing(write_hot, "late")),
    "in a group, early": lambda database: database.provisionally(Written(), "late"),
    "in a group": lambda database: database.transact_in_group(Written(), "late"),
    "a read": lambda database: database.read(names),
}


@pytest.mark.parametrize("way", ASKING)
def test_who_asks_a_closed_database_is_refused(database_url: str, way: str) -> None:
    database = open_database(database_url)

    async def ask() -> None:
        await quickly(database, writing(write_hot, "before"))
        database.close()
        async with asyncio.timeout(SECONDS):
            with pytest.raises(StorageUnavailable):
                await ASKING[way](database)  # type: ignore[misc]

    asyncio.run(ask())
    assert left(database_url) == {"before"}


def test_who_waits_behind_a_function_when_the_database_closes_is_refused(database_url: str) -> None:
    """What ran is answered by what became of it."""
    database, held = open_database(database_url), Held(plain=True)

    def holding(tx: Transaction) -> str:
        held.hold()
        return held.one(tx, "runs")

    async def story() -> list[object]:
        runs = asyncio.create_task(database.transact(holding))
        await begun(held)
        waits = [asyncio.create_task(database.transact_in_group(Written(), str(n))) for n in range(3)]
        await asyncio.sleep(0)  # they are asked for
        held.go_on.set()
        database.close()
        return await answers(runs, *waits)

    ran, *told = asyncio.run(story())
    assert ran == "runs"
    assert left(database_url) == {"runs", *told} - {StorageUnavailable}


@pytest.mark.parametrize("turns", range(4))
def test_however_far_the_loop_has_come_when_the_database_closes_the_answer_is_true(
    database_url: str, turns: int
) -> None:
    """On SQLite the transaction stands open on the loop for a turn or two."""
    database = open_database(database_url)

    async def story() -> list[object]:
        asked = [asyncio.create_task(database.transact_in_group(Written(), str(n))) for n in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        database.close()
        return await answers(*asked)

    told = {*asyncio.run(story())}
    assert left(database_url) == told - {StorageUnavailable}


@pytest.mark.parametrize("plain", [True, False])
def test_what_waits_for_a_group_when_postgresql_is_closed_is_refused(postgres_url: str, plain: bool) -> None:
    """The group that runs is answered; one that must run one by one is too late for that."""
    database, held, behind = open_database(postgres_url), Held(plain=plain), Written()

    async def story() -> list[object]:
        runs = asyncio.create_task(database.transact_in_group(held, "runs"))
        await begun(held)
        waits = [
            asyncio.create_task(database.transact_in_group(fn, f"{at} {n}"))
            for at, fn in enumerate((held, behind))
            for n in range(70)  # more than a group
        ]
        await asyncio.sleep(0)  # they are asked for
        held.go_on.set()
        database.close()
        return await answers(runs, *waits)

    ran, *told = asyncio.run(story())
    assert ran == ("runs" if plain else StorageUnavailable)
    assert told == [StorageUnavailable] * 140
    assert left(postgres_url) == ({"runs"} if plain else set())
