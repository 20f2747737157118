"""Groups on the event loop and groups in the thread: two ways to the same rows and the same answers."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paywall.database import sqlite_file, sqlite_writer
from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.database.settling import FULL_GROUP
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, quickly, write_hot, write_orm, writing


class Whim(Exception):
    """A function's own error."""


@dataclass(frozen=True)
class Member:
    """One function of a group: the rows that it writes, and how it ends."""

    hot: tuple[str, ...]
    orm: tuple[str, ...]
    #: raises before it writes, after, or not at all
    fails: str

    def __call__(self, tx: Transaction) -> tuple[str, ...]:
        if self.fails == "before":
            raise Whim
        for name in self.hot:
            write_hot(tx, name)
        for name in self.orm:
            write_orm(tx, name)
        if self.fails == "after":
            raise Whim
        return self.hot + self.orm


Asking = Callable[[Database, Member], Awaitable[tuple[str, ...]]]
# Few names: two members of a group often write the same row, and the second one's key is broken.
ROWS = st.lists(st.sampled_from("abcdef"), max_size=2, unique=True).map(tuple)
MEMBERS = st.builds(Member, ROWS, ROWS, st.sampled_from(["never", "never", "before", "after"]))
GROUPS = st.lists(st.lists(MEMBERS, min_size=1, max_size=6), min_size=1, max_size=3)


def told(answer: object) -> object:
    return type(answer).__name__ if isinstance(answer, BaseException) else answer


@cache
def empty() -> bytes:
    """A database file with all tables; to migrate takes longer than any story here."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "paywall.db"
        open_database(f"sqlite:///{path}").close()
        return path.read_bytes()


def played(
    groups: Sequence[Sequence[Member]], ask: Asking = Database.transact
) -> tuple[list[object], set[str]]:
    """What each member was told, and the rows that are there afterwards."""

    async def story(database: Database) -> list[object]:
        answers: list[object] = []
        for group in groups:
            asked = [ask(database, member) for member in group]
            answers += [told(answer) for answer in await asyncio.gather(*asked, return_exceptions=True)]
        return answers

    with TemporaryDirectory() as folder:
        path = Path(folder) / "paywall.db"
        path.write_bytes(empty())
        path.chmod(0o600)
        database = open_database(f"sqlite:///{path}")
        try:
            return asyncio.run(story(database)), asyncio.run(database.read(names))
        finally:
            database.close()


@settings(max_examples=40, deadline=None)
@given(GROUPS)
def test_groups_on_the_loop_do_what_groups_in_the_thread_do(groups: list[list[Member]]) -> None:
    told, rows = played(groups)
    assert played(groups, quickly) == (told, rows)


def where(seen: list[bool]) -> Callable[[Transaction], None]:
    """Notes whether it runs on the main thread, where the loop is."""

    def function(_tx: Transaction) -> None:
        seen.append(threading.current_thread() is threading.main_thread())

    return function


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'paywall.db'}"


@in_loop
async def test_only_a_group_of_quick_functions_alone_runs_on_the_loop(database: Database) -> None:
    seen: list[bool] = []
    await asyncio.gather(*(quickly(database, where(seen)) for _ in range(3)))
    assert seen == [True] * 3
    seen.clear()
    await asyncio.gather(quickly(database, where(seen)), database.transact(where(seen)))
    assert seen == [False] * 2


async def traced(database: Database, note: Callable[[str], None] | None = None) -> list[str]:
    """The statements that are run from here on; `note` is told of each where it runs."""
    statements: list[str] = []

    def trace(tx: Transaction) -> None:
        driver: Any = tx.connection.connection.dbapi_connection
        driver.set_trace_callback(note or statements.append)

    await database.transact(trace)
    statements.clear()
    return statements


async def commits_on_the_loop(database: Database, sales: int) -> list[bool]:
    """Of so many quick functions, one after the other: whether each commit was on the thread of the loop."""
    seen: list[bool] = []

    def note(statement: str) -> None:
        if statement == "COMMIT":
            seen.append(threading.current_thread() is threading.main_thread())

    await traced(database, note)
    seen.clear()
    for n in range(sales):
        await quickly(database, writing(write_hot, f"{sales}, {n}"))
    return seen


@in_loop
async def test_a_quick_commit_is_on_the_loop(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_writer, "SLOW_SECONDS", 3600)
    assert await commits_on_the_loop(database, 5) == [True] * 5


@in_loop
async def test_after_a_slow_commit_the_next_ones_are_in_the_thread_for_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "SLOW_SECONDS", 0)
    monkeypatch.setattr(sqlite_writer, "THREAD_SECONDS", 3600)
    assert await commits_on_the_loop(database, 5) == [True] + [False] * 4


@in_loop
async def test_a_slow_commit_is_forgotten_in_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "SLOW_SECONDS", 0)
    monkeypatch.setattr(sqlite_writer, "THREAD_SECONDS", 0)
    assert await commits_on_the_loop(database, 5) == [True] * 5


def log_size(file: Path) -> int:
    return file.with_name(f"{file.name}-wal").stat().st_size


def rows_without_log(file: Path) -> int:
    """Of the file as it would be if its log was lost."""
    copied = file.with_name("copy.db")
    copied.write_bytes(file.read_bytes())
    with closing(sqlite3.connect(copied)) as alone:
        return int(alone.execute("SELECT count(*) FROM holder_proof").fetchone()[0])


@pytest.mark.parametrize("ask", [quickly, Database.transact], ids=["quick", "in the thread"])
@in_loop
async def test_a_long_log_is_copied_into_the_file_by_the_thread_and_begins_anew(
    database: Database, database_url: str, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file without its log holds nothing of what was written, but for the checkpoints."""
    monkeypatch.setattr(sqlite_file, "CHECKPOINT_ROWS", 20)
    threads: list[bool] = []

    def note(statement: str) -> None:
        if "wal_checkpoint" in statement:
            threads.append(threading.current_thread() is threading.main_thread())

    await traced(database, note)
    file, sizes = Path(database_url.removeprefix("sqlite:///")), []
    for n in range(200):
        await ask(database, writing(write_hot, str(n)))  # type: ignore[arg-type]
        sizes.append(log_size(file))
    assert threads == [False] * len(threads)
    assert len(threads) == 10
    assert sizes[-1] == sizes[100], "the log grew on and on"
    assert rows_without_log(file) >= 180


@in_loop
async def test_a_quick_group_spends_nothing_on_savepoints_and_commits_once(database: Database) -> None:
    statements = await traced(database)
    asked = [quickly(database, writing(write_hot, str(n))) for n in range(50)]
    await asyncio.gather(*asked)
    assert len(await database.read(names)) == 50
    assert not [one for one in statements if "SAVEPOINT" in one]
    assert statements.count("COMMIT") == 1


@in_loop
async def test_who_comes_while_a_group_stands_open_shares_its_commit(database: Database) -> None:
    statements = await traced(database)
    later: list[asyncio.Task[str]] = []

    def first(tx: Transaction) -> None:
        write_hot(tx, "first")
        later.append(asyncio.create_task(quickly(database, writing(write_hot, "second"))))

    await quickly(database, first)
    assert await later[0] == "second"
    assert statements.count("COMMIT") == 1


@in_loop
async def test_a_group_is_full_some_time_however_many_come(database: Database) -> None:
    statements = await traced(database)
    asked = [quickly(database, writing(write_hot, str(n))) for n in range(3 * FULL_GROUP)]
    await asyncio.gather(*asked)
    assert len(await database.read(names)) == 3 * FULL_GROUP
    assert statements.count("COMMIT") >= 2


@in_loop
async def test_a_lock_of_another_program_is_waited_for_in_the_thread(
    database: Database, database_url: str
) -> None:
    """The loop goes on meanwhile: it answers whoever asks for something else."""
    other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(quickly(database, writing(write_hot, "after the lock")))
    assert await database.read(names) == set()
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert await waiting == "after the lock"
    assert await database.read(names) == {"after the lock"}


@in_loop
async def test_nothing_is_answered_before_the_commit(database: Database) -> None:
    """Its rows are on the disk by then: another connection sees them."""
    for n in range(20):
        name = await quickly(database, writing(write_orm if n % 2 else write_hot, str(n)))
        assert name in await database.read(names)
