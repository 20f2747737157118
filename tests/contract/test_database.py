"""What `transact` and `read` promise, on SQLite and on PostgreSQL."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from paywall.credits.redemptions import use_proof
from paywall.credits.tables import HolderProofRow, PostingRow
from paywall.database import Database, Transaction
from paywall.errors import HolderProofInvalid, StorageUnavailable
from paywall.storage import open_database
from shared.holder_proof import HolderProof
from shared.keys import SigningKey

KEY = SigningKey.from_seed(bytes(32)).public
NOW = 1_800_000_000


class Whim(Exception):
    """A function's own error."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def write_hot(tx: Transaction, name: str) -> None:
    use_proof(tx, HolderProof(name, KEY.thumbprint, KEY, NOW), NOW)


def write_orm(tx: Transaction, name: str) -> None:
    tx.session.add(HolderProofRow(thumbprint=KEY.thumbprint, jti=name, expires_at=NOW))


def names(tx: Transaction) -> set[str]:
    return set(tx.session.exec(select(HolderProofRow.jti)))


def writing(write: Callable[[Transaction, str], None], name: str) -> Callable[[Transaction], str]:
    def function(tx: Transaction) -> str:
        write(tx, name)
        return name

    return function


def test_what_a_function_did_is_there_when_it_was_answered(database: Database) -> None:
    async def story() -> None:
        assert await database.transact(writing(write_hot, "hot")) == "hot"
        assert await database.transact(writing(write_orm, "orm")) == "orm"
        assert await database.read(names) == {"hot", "orm"}

    asyncio.run(story())


def raise_at_the_end(tx: Transaction) -> None:
    write_hot(tx, "undone hot")
    write_orm(tx, "undone orm")
    raise Whim


def break_a_key_by_the_orm(tx: Transaction) -> None:
    write_hot(tx, "undone")
    write_orm(tx, "undone")


def break_a_key_at_a_flush_in_the_middle(tx: Transaction) -> None:
    write_orm(tx, "undone")
    tx.session.flush()
    tx.session.expunge_all()
    write_orm(tx, "undone")
    tx.session.flush()


def break_a_foreign_key(tx: Transaction) -> None:
    write_hot(tx, "undone")
    sides = {"transfer": "t", "bucket": "b", "account_id": "nobody", "amount": 1, "created_at": NOW}
    tx.session.add(PostingRow(**sides))


def use_a_proof_twice(tx: Transaction) -> None:
    write_hot(tx, "undone")
    write_hot(tx, "undone")


FAILURES = {
    "its own error": (raise_at_the_end, Whim),
    "a key broken when the session is sent": (break_a_key_by_the_orm, IntegrityError),
    "a key broken by a flush": (break_a_key_at_a_flush_in_the_middle, IntegrityError),
    "a foreign key": (break_a_foreign_key, IntegrityError),
    "a refusal after a hot statement": (use_a_proof_twice, HolderProofInvalid),
}


@pytest.mark.parametrize(("failing", "error"), FAILURES.values(), ids=FAILURES)
def test_an_error_in_one_function_undoes_that_one_alone(
    database: Database, failing: Callable[[Transaction], None], error: type[Exception]
) -> None:
    async def story() -> None:
        before = [database.transact(writing(write_orm, f"before {n}")) for n in range(5)]
        after = [database.transact(writing(write_hot, f"after {n}")) for n in range(5)]
        told = await asyncio.gather(*before, database.transact(failing), *after, return_exceptions=True)
        good = {f"{when} {n}" for when in ("before", "after") for n in range(5)}
        assert {answer for answer in told if isinstance(answer, str)} == good
        assert [type(answer) for answer in told if not isinstance(answer, str)] == [error]
        assert await database.read(names) == good

    asyncio.run(story())


def test_hot_statements_and_the_orm_see_each_other_in_one_transaction(database: Database) -> None:
    def both(tx: Transaction) -> set[str]:
        write_orm(tx, "first")
        tx.session.flush()
        with pytest.raises(HolderProofInvalid):
            write_hot(tx, "first")
        write_hot(tx, "second")
        return names(tx)

    assert asyncio.run(database.transact(both)) == {"first", "second"}


@pytest.mark.parametrize("write", [write_hot, write_orm])
def test_a_read_cannot_write(database: Database, write: Callable[[Transaction, str], None]) -> None:
    async def story() -> None:
        with pytest.raises(Exception, match=r"(?i)read.?only|could not be read"):
            await database.read(writing(write, "smuggled"))
        assert await database.read(names) == set()

    asyncio.run(story())


def test_a_read_sees_one_state_of_the_database_from_beginning_to_end(database: Database) -> None:
    async def story() -> None:
        looked, written = threading.Event(), threading.Event()

        def look_twice(tx: Transaction) -> tuple[set[str], set[str]]:
            first = names(tx)
            looked.set()
            assert written.wait(10)
            return first, names(tx)

        reading = asyncio.create_task(database.read(look_twice))
        await asyncio.to_thread(looked.wait, 10)
        await database.transact(writing(write_hot, "meanwhile"))
        written.set()
        assert await reading == (set(), set())
        assert await database.read(names) == {"meanwhile"}

    asyncio.run(story())


def test_the_function_of_a_caller_that_was_cancelled_is_still_done_whole(database_url: str) -> None:
    running, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        write_hot(tx, "one half")
        running.set()
        assert go_on.wait(10)
        write_orm(tx, "other half")

    async def story(database: Database) -> None:
        caller = asyncio.create_task(database.transact(slow))
        await asyncio.to_thread(running.wait, 10)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        go_on.set()
        await database.transact(writing(write_hot, "next"))

    database = open_database(database_url)
    asyncio.run(story(database))
    database.close()
    again = open_database(database_url)
    assert asyncio.run(again.read(names)) == {"one half", "other half", "next"}
    again.close()


def test_functions_are_undone_and_refused_when_the_server_ends_their_connection(postgres_url: str) -> None:
    def fall(tx: Transaction) -> None:
        write_hot(tx, "lost")
        tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async def story() -> None:
        with pytest.raises(StorageUnavailable):
            await database.transact(fall)
        assert await database.read(names) == set()
        await database.transact(writing(write_hot, "recovered"))
        assert await database.read(names) == {"recovered"}

    database = open_database(postgres_url)
    asyncio.run(story())
    database.close()


def test_functions_that_deadlock_on_postgresql_are_run_again(postgres_url: str) -> None:
    meet = threading.Barrier(2)
    runs: list[str] = []

    def lock(first: str, second: str) -> Callable[[Transaction], None]:
        def function(tx: Transaction) -> None:
            runs.append(first)
            update = text("UPDATE holder_proof SET expires_at = expires_at + 1 WHERE jti = :name")
            tx.connection.execute(update, {"name": first})
            if len(runs) <= 2:
                meet.wait(10)
            tx.connection.execute(update, {"name": second})

        return function

    def times(tx: Transaction) -> set[int]:
        return set(tx.session.exec(select(HolderProofRow.expires_at)))

    async def story() -> None:
        for name in ("a", "b"):
            await database.transact(writing(write_hot, name))
        (start,) = await database.read(times)
        await asyncio.gather(database.transact(lock("a", "b")), database.transact(lock("b", "a")))
        assert len(runs) == 3
        assert await database.read(times) == {start + 2}

    database = open_database(postgres_url)
    asyncio.run(story())
    database.close()
