"""Who is alive: on SQLite whoever has the file, on PostgreSQL whoever holds the session of its number."""

from collections.abc import Callable

from sqlalchemy import text

from paywall.database.engine import Database, Transaction
from paywall.database.liveness import LOCKS
from paywall.database.opening import open_database
from tests.support.world.loop import in_loop

NOBODY = 2**31 - 1
#: the sessions that hold a process's number; it waits until they are gone
_END = text(
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory' AND classid = :locks"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def own(database: Database) -> int:
    return await database.transact(lambda _: database.liveness.own())


def gone(database: Database, number: int | None) -> Callable[[Transaction], bool]:
    return lambda tx: database.liveness.is_gone(tx, number)


@in_loop
async def test_a_process_is_alive_to_itself_and_a_number_of_nobody_is_gone(database: Database) -> None:
    number = await own(database)
    assert number == await own(database)
    assert not await database.transact(gone(database, number))
    assert await database.transact(gone(database, NOBODY))


@in_loop
async def test_a_file_that_is_opened_again_has_another_number(database_url: str) -> None:
    first = open_database(database_url)
    before = await own(first)
    first.close()
    second = open_database(database_url)
    try:
        assert before != await own(second)
        assert await second.transact(gone(second, before))
    finally:
        second.close()


@in_loop
async def test_processes_of_one_postgresql_see_each_other_live_and_end(postgres_url: str) -> None:
    first, second = open_database(postgres_url), open_database(postgres_url)
    try:
        number = await own(first)
        assert not await second.transact(gone(second, number))
        first.close()
        assert await second.transact(gone(second, number))
    finally:
        second.close()


@in_loop
async def test_what_was_reserved_before_processes_had_numbers_is_left_to_its_deadline_on_postgresql(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    try:
        assert not await database.transact(gone(database, None))
    finally:
        database.close()


@in_loop
async def test_a_process_whose_session_was_ended_takes_another_number_and_knows_its_old_one(
    postgres_url: str,
) -> None:
    first, second = open_database(postgres_url), open_database(postgres_url)
    try:
        before = await own(first)
        await second.transact(lambda tx: tx.session.execute(_END, {"locks": LOCKS}).all())
        assert await second.transact(gone(second, before))
        after = await own(first)
        assert after != before
        assert not await second.transact(gone(second, after))
        assert not await first.transact(gone(first, before))
    finally:
        first.close()
        second.close()
