"""Which processes of one database are alive: what a dead one left half done may be taken up at once."""

import secrets
import select
import threading
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine, text

from paywall.database.engine import Transaction

#: the first half of our advisory locks' keys ("PAYW"); the second is a process's number
LOCKS = 0x50415957
LARGEST = 2**31
_TRY = text("SELECT pg_try_advisory_lock(:locks, :number)")
_GIVE_UP = text("SELECT pg_advisory_unlock(:locks, :number)")
_LIVING = text("""SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE locktype = 'advisory' AND classid = :locks AND datname = current_database()""")
_TRY_BRIEFLY = text("SELECT pg_try_advisory_xact_lock(:locks, :number)")
#: seconds and tries: the server notices a machine that lost its power within a minute
_NOTICE_SOON = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"


class SingleWriter:
    """SQLite: the file's lock admits one writing process, so every other that ever wrote is gone."""

    def __init__(self) -> None:
        self._number = _draw()

    def own(self) -> int:
        return self._number

    def is_gone(self, _tx: Transaction, number: int | None) -> bool:
        return number != self._number

    def close(self) -> None:
        return


class SessionLocks:
    """PostgreSQL: each process holds an advisory lock on a session of its own, which ends with the process.

    The session is opened when the number is first asked for. Behind a pooler that shares sessions between clients
    the lock may outlive its process or go before it: the first waits for the deadline, the second repeats work.
    """

    def __init__(self, engine: Engine) -> None:
        """`engine` keeps no pool, and commits each statement."""
        self._engine = engine
        self._guard = threading.Lock()
        self._session: Any = None
        self._number = 0
        #: an earlier session's too: what this process does itself, it need not take up
        self._mine: set[int] = set()

    def own(self) -> int:
        with self._guard:
            if self._session is None or _has_ended(self._session):
                self._close()
                self._open()
            return self._number

    def is_gone(self, tx: Transaction, number: int | None) -> bool:
        if number is None or number in self._mine:
            return False  # written before processes had numbers, or by this one
        return bool(tx.session.execute(_TRY_BRIEFLY, {"locks": LOCKS, "number": number}).scalar())

    def close(self) -> None:
        with self._guard:
            self._close()

    def _open(self) -> None:
        session = self._engine.connect()
        try:
            session.exec_driver_sql(_NOTICE_SOON)
            while not session.execute(_TRY, {"locks": LOCKS, "number": (number := _draw())}).scalar():
                pass  # somebody living drew the same
        except BaseException:
            session.close()
            raise
        self._session, self._number = session, number
        self._mine.add(number)

    def _close(self) -> None:
        if self._session is not None:
            with suppress(Exception):  # it may have ended already
                self._session.execute(_GIVE_UP, {"locks": LOCKS, "number": self._number})
            with suppress(Exception):
                self._session.close()
            self._session = None


def count_living(engine: Engine) -> int:
    """How many processes of a PostgreSQL database have a number, and live. SQLite's file has a lock for that: 0."""
    if engine.dialect.name != "postgresql":
        return 0
    with engine.connect() as connection:
        return int(connection.execute(_LIVING, {"locks": LOCKS}).scalar_one())


def _draw() -> int:
    return secrets.randbelow(LARGEST - 1) + 1


def _has_ended(session: Any) -> bool:
    """The server says nothing on an idle session but its end. A look at the socket, and no round trip."""
    driver = session.connection.driver_connection
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return bool(poll.poll(0))
