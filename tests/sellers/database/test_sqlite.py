"""What SQLite needs to be a database that can be trusted: one writer, grouped commits, a durable file."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.errors import SetupError, StorageUnavailable
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, write_hot, write_orm, writing

AT_ONCE = 200
TMPFS_BYTES = 1_000_000


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'paywall.db'}"


def pragma(name: str) -> Any:
    def function(tx: Transaction) -> Any:
        return tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    return function


def start_writer(url: str, name: str) -> "subprocess.Popen[str]":
    """A process that writes; returned when it has."""
    command = [sys.executable, "-m", "tests.support.processes.sqlite_writer", url, name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{name} 0\n"
    return process


def kill(process: "subprocess.Popen[str]") -> list[str]:
    """`kill -9`; what it had still said."""
    process.kill()
    assert process.stdout is not None
    with process.stdout as said:
        lines = said.read().splitlines(keepends=True)
    process.wait(10)
    return [line.strip() for line in lines if line.endswith("\n")]


def test_what_is_asked_for_at_once_is_committed_together(database: Database) -> None:
    async def story() -> list[str]:
        statements: list[str] = []

        def trace(tx: Transaction) -> None:
            driver: Any = tx.connection.connection.dbapi_connection
            driver.set_trace_callback(statements.append)

        await database.transact(trace)
        statements.clear()
        await asyncio.gather(*(database.transact(writing(write_hot, str(n))) for n in range(AT_ONCE)))
        assert len(await database.read(names)) == AT_ONCE
        return statements

    statements = asyncio.run(story())
    assert statements.count("SAVEPOINT one") == AT_ONCE
    assert statements.count("COMMIT") <= 2


@in_loop
async def test_a_commit_is_on_the_disk_before_it_is_answered(database: Database) -> None:
    assert await database.transact(pragma("synchronous")) == 2
    assert await database.transact(pragma("journal_mode")) == "wal"
    assert await database.transact(pragma("foreign_keys")) == 1


@pytest.mark.parametrize("write", [write_hot, write_orm])
@in_loop
async def test_a_full_file_refuses_the_whole_group_and_nothing_of_it_is_there(
    database: Database, write: Any
) -> None:
    await database.transact(writing(write_hot, "before"))
    pages = await database.transact(pragma("page_count"))
    await database.transact(pragma(f"max_page_count = {pages}"))
    group = [database.transact(writing(write_hot, str(n))) for n in range(10)]
    too_much = database.transact(writing(write, "x" * 100_000))
    told = await asyncio.gather(*group[:5], too_much, *group[5:], return_exceptions=True)
    assert {type(answer) for answer in told} == {StorageUnavailable}
    assert await database.read(names) == {"before"}
    await database.transact(pragma(f"max_page_count = {pages + 1000}"))
    await database.transact(writing(write, "x" * 100_000))
    assert await database.read(names) == {"before", "x" * 100_000}


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte. Only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = f"size={TMPFS_BYTES}"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_refuses_the_group_and_what_was_acknowledged_stays(tmpfs: Path) -> None:
    async def fill(database: Database) -> set[str]:
        acknowledged: set[str] = set()
        try:
            for n in range(1000):
                acknowledged.add(await database.transact(writing(write_hot, f"{n} {'x' * 20_000}")))
        except StorageUnavailable:
            assert await database.read(names) == acknowledged
            return acknowledged
        raise AssertionError("the disk took it all")

    database = open_database(f"sqlite:///{tmpfs / 'paywall.db'}")
    acknowledged = asyncio.run(fill(database))
    database.close()
    subprocess.run(["mount", "-o", f"remount,size={8 * TMPFS_BYTES}", str(tmpfs)], check=True)
    again = open_database(f"sqlite:///{tmpfs / 'paywall.db'}")
    asyncio.run(again.transact(writing(write_hot, "recovered")))
    assert asyncio.run(again.read(names)) == {*acknowledged, "recovered"}
    again.close()


def test_a_second_writing_process_is_refused_with_the_way_out(database_url: str) -> None:
    process = start_writer(database_url, "first")
    try:
        with pytest.raises(SetupError, match=r"Another process writes to .* PostgreSQL"):
            open_database(database_url)
    finally:
        kill(process)


def test_a_second_writing_process_is_refused_by_another_name_of_the_file(
    database_url: str, tmp_path: Path
) -> None:
    process = start_writer(database_url, "first")
    (tmp_path / "alias").symlink_to(tmp_path / "paywall.db")
    try:
        with pytest.raises(SetupError, match="PostgreSQL"):
            open_database(f"sqlite:///{tmp_path / 'alias'}")
    finally:
        kill(process)


def test_looking_works_beside_a_running_writer(database_url: str) -> None:
    process = start_writer(database_url, "writer")
    looking = open_database(database_url, writing=False)
    try:
        assert "writer 0" in asyncio.run(looking.read(names))
        with pytest.raises(SetupError, match="only looks"):
            asyncio.run(looking.transact(writing(write_hot, "smuggled")))
    finally:
        looking.close()
        kill(process)


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_looking_works_without_a_writer(database_url: str, end: str) -> None:
    if end == "closed":
        database = open_database(database_url)
        asyncio.run(database.transact(writing(write_hot, "writer 0")))
        database.close()
    else:
        kill(start_writer(database_url, "writer"))
    looking = open_database(database_url, writing=False)
    assert "writer 0" in asyncio.run(looking.read(names))
    looking.close()
    open_database(database_url).close()


def test_looking_makes_no_database(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no database"):
        open_database(database_url, writing=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a space.db", "100%25.db", "why?.db", "no#1.db", "ümlaut.db"])
def test_any_file_name_is_taken_literally(tmp_path: Path, name: str) -> None:
    database = open_database(f"sqlite:///{tmp_path / name}")
    asyncio.run(database.transact(writing(write_hot, "here")))
    assert asyncio.run(database.read(names)) == {"here"}
    assert {path.name for path in tmp_path.iterdir()} >= {name}
    database.close()


def test_what_a_killed_writer_acknowledged_is_all_there(database_url: str) -> None:
    acknowledged: set[str] = set()
    for cycle in range(4):
        process = start_writer(database_url, f"cycle {cycle}")
        assert process.stdout is not None
        acknowledged.add(f"cycle {cycle} 0")
        acknowledged.update(process.stdout.readline().strip() for _ in range(50 * cycle))
        acknowledged.update(kill(process))
        database = open_database(database_url)
        there = asyncio.run(database.read(names))
        database.close()
        assert acknowledged <= there
    assert len(acknowledged) > 300
