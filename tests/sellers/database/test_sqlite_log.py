"""The write-ahead log has its length from the start, so that no commit has that to write, too."""

import resource
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from paywall.database.opening import open_database
from paywall.database.sqlite_file import LOG_BYTES
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, quickly, write_hot, writing

SMALL = 1 << 20


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


@in_loop
async def test_the_log_is_as_long_after_many_commits_as_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "paywall.db"
    with closing(open_database(f"sqlite:///{path}")):
        pass  # its tables are there
    with closing(open_database(f"sqlite:///{path}")) as database:
        assert log_of(path).stat().st_size == LOG_BYTES
        for number in range(50):
            await quickly(database, writing(write_hot, str(number)))
        assert log_of(path).stat().st_size == LOG_BYTES


@in_loop
async def test_what_a_shorter_log_holds_is_there_after_it_was_lengthened(tmp_path: Path) -> None:
    path, copied = tmp_path / "paywall.db", tmp_path / "copied.db"
    with closing(open_database(f"sqlite:///{path}")):
        pass
    with closing(sqlite3.connect(path)) as short:
        short.execute("INSERT INTO holder_proof (mark, expires_at) VALUES (x'61', 1)")
        short.commit()
        shutil.copy(path, copied)
        shutil.copy(log_of(path), log_of(copied))
    assert log_of(copied).stat().st_size < LOG_BYTES
    with closing(open_database(f"sqlite:///{copied}")) as database:
        assert log_of(copied).stat().st_size == LOG_BYTES
        assert await database.read(names) == {"a"}


@in_loop
async def test_where_there_is_no_room_for_its_length_the_log_takes_none_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "paywall.db"
    with closing(open_database(f"sqlite:///{path}")):
        pass
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, usual[1]))
    try:
        database = open_database(f"sqlite:///{path}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    with closing(database):
        assert log_of(path).stat().st_size < SMALL
        assert await quickly(database, writing(write_hot, "a")) == "a"
