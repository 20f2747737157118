"""What PostgreSQL alone can do to a transaction."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, text
from sqlmodel import select

from paywall.database.engine import Database, Transaction
from paywall.database.statements import CompiledStatement
from paywall.errors import StorageUnavailable
from paywall.redemptions.tables import HolderProofRow
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, write_hot, writing

TERMINATE = CompiledStatement(lambda _insert: select(func.pg_terminate_backend(func.pg_backend_pid())))


@pytest.fixture
def database_url(postgres_url: str) -> str:
    return postgres_url


@in_loop
async def test_functions_are_undone_and_refused_when_the_server_ends_their_connection(
    database: Database,
) -> None:
    def fall(tx: Transaction) -> None:
        write_hot(tx, "lost")
        tx.run(TERMINATE)

    with pytest.raises(StorageUnavailable):
        await database.transact(fall)
    assert await database.read(names) == set()
    await database.transact(writing(write_hot, "recovered"))
    assert await database.read(names) == {"recovered"}


@in_loop
async def test_functions_that_deadlock_on_postgresql_are_run_again(database: Database) -> None:
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

    for name in ("a", "b"):
        await database.transact(writing(write_hot, name))
    (start,) = await database.read(times)
    await asyncio.gather(database.transact(lock("a", "b")), database.transact(lock("b", "a")))
    assert len(runs) >= 3
    assert await database.read(times) == {start + 2}


@in_loop
async def test_a_read_whose_connection_the_server_ended_is_refused_and_the_next_one_works(
    database: Database,
) -> None:
    def fall(tx: Transaction) -> None:
        tx.run(TERMINATE)

    with pytest.raises(StorageUnavailable):
        await database.read(fall)
    assert await database.read(names) == set()
