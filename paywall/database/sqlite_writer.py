"""SQLite with one writing connection that commits in groups.

`transact` collects functions on the event loop. (A thread that takes from a queue commits groups of one: it is woken
for every item and fights the loop for the interpreter lock.) Full durability at a fraction of the fsyncs.

Quick functions run on the loop itself, for handing one over costs more than most of them take. While each turn of the
loop brings more of them, they join the open transaction: a commit costs the same for all. Nothing is spent on
savepoints there: the first error after a write undoes the whole group, which then runs anew in the thread, as all
others do, each function in a SAVEPOINT of its own.

The commit, too, is on the loop as long as the disk answers at once: to wake a thread, and its fight for the interpreter
lock, cost more than that. After a slow one those of the next second go to the thread, where nobody but their groups
waits for the disk.

What arrives while a group is in the thread is the next group.
"""

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Transaction as OpenTransaction
from sqlalchemy.exc import OperationalError

from paywall.database.engine import GroupFn, Item, Provisional, Result, TransactFn, Transaction, run_one
from paywall.database.settling import FULL_GROUP, refused, settle
from paywall.database.sqlite_file import SqliteFile

T = TypeVar("T")
#: what SQLite raises when the storage or the memory, not the statement, is at fault
STORAGE_ERRORS = (sqlite3.OperationalError, OperationalError, MemoryError)
#: a commit that takes longer is slow, and for how long the next ones go to the thread
SLOW_SECONDS, THREAD_SECONDS = 0.001, 1.0
JobOutcome = tuple[bool, Any]


class Job(NamedTuple):
    """A function that waits for its group, and who waits for its result.

    `begun` waits for what it does before that is durable, where somebody wants to know.
    """

    fn: TransactFn[Any]
    future: asyncio.Future[Any]
    quick: bool
    begun: asyncio.Future[Any] | None = None

    def settle(self, ok: bool, value: Any) -> None:
        for future in (self.begun, self.future):
            if future is not None:
                settle(future, value if ok else None, None if ok else value)


@dataclass(frozen=True, slots=True)
class Group:
    """What ran on the loop in one transaction that is still open."""

    transaction: OpenTransaction
    jobs: list[Job] = field(default_factory=list)
    outcomes: list[JobOutcome] = field(default_factory=list)


class SqliteWriter:
    """The only writer of one file. Errors at opening: SetupError when another process has the file."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        self.engine = self._file.engine
        self._connection = self._file.connection
        self._cursor = self._file.driver.cursor()
        #: what functions are given, one after the other
        self._given = Transaction(self._connection, self._cursor)
        #: a context within which a lock of another program is waited for
        self.patient = self._file.patient
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="db-write")
        self._waiting: list[Job] = []
        self._open: Group | None = None
        #: a turn is scheduled, or a group is in the thread
        self._busy = False
        #: on the loop's clock
        self._slow_until = 0.0

    async def transact(self, fn: TransactFn[T]) -> T:
        done: T = await self._ask(Job(fn, _future(), quick=False))
        return done

    async def transact_in_group(self, fn: GroupFn[Item, Result], item: Item) -> Result:
        done: Result = await self._ask(Job(lambda tx: fn.one(tx, item), _future(), quick=True))
        return done

    async def provisionally(self, fn: GroupFn[Item, Result], item: Item) -> Provisional[Result]:
        begun, kept = _future(), _future()
        kept.add_done_callback(_noted)
        await self._ask(Job(lambda tx: fn.one(tx, item), kept, quick=True, begun=begun))
        return Provisional(begun.result(), kept)

    def _ask(self, job: Job) -> asyncio.Future[Any]:
        """What tells it: as early as it wants to be told."""
        loop = job.future.get_loop()
        self._waiting.append(job)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._turn, loop)
        return job.future if job.begun is None else job.begun

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        arrived, self._waiting = self._waiting, []
        group, self._open = self._open, None
        try:
            self._go_on(loop, group, arrived)
        except Exception as error:  # noqa: BLE001  nobody may wait for ever
            if group is not None:
                _undo(group.transaction)
            self._waiting, self._open, self._busy = [], None, False
            for job in [*(group.jobs if group is not None else []), *arrived]:
                job.settle(False, refused(error))

    def _go_on(self, loop: asyncio.AbstractEventLoop, group: Group | None, arrived: list[Job]) -> None:
        before = group.jobs if group is not None else []
        room = FULL_GROUP - len(before)
        if arrived and room > 0 and all(job.quick for job in arrived):
            joining, self._waiting = arrived[:room], arrived[room:]
            jobs = [*before, *joining]
            self._open = self._joined(group, joining)
            if self._open is None:
                self._hand_over(loop, jobs, None)
            else:
                loop.call_soon(self._turn, loop)  # whoever comes until then joins
        elif group is not None:
            self._waiting = arrived
            self._hand_over(loop, group.jobs, group)
        elif arrived:
            self._hand_over(loop, arrived, None)
        else:
            self._busy = False

    def _joined(self, group: Group | None, arrived: list[Job]) -> Group | None:
        """The group with those who arrived; None where all of it is undone, and to run in the thread instead."""
        try:
            group = group if group is not None else Group(self._connection.begin())
        except Exception:  # noqa: BLE001  a lock of another process, which the thread may wait for; or worse, which it tells
            return None
        for job in arrived:
            written = self._file.driver.total_changes
            group.jobs.append(job)
            try:
                value = run_one(self._given, job.fn)
            except BaseException as error:  # noqa: BLE001  handed to the one who asked, if need be by the thread
                if not self._is_own(error, written):
                    _undo(group.transaction)
                    return None
                group.outcomes.append((False, error))
            else:
                group.outcomes.append((True, value))
                if job.begun is not None:
                    settle(job.begun, value)
        return group

    def _is_own(self, error: BaseException, written: int) -> bool:
        """Whether it is nobody's but its function's, and the transaction is as it was before that function.

        Out of memory or disk, SQLite undoes the whole transaction by itself: what came before is gone with it.
        """
        driver = self._file.driver
        as_before = driver.in_transaction and driver.total_changes == written
        return isinstance(error, Exception) and not isinstance(error, STORAGE_ERRORS) and as_before

    def _hand_over(self, loop: asyncio.AbstractEventLoop, jobs: list[Job], group: Group | None) -> None:
        """The group's commit, or the jobs themselves: to the thread, but for a commit that is likely to be quick."""
        if group is not None and not self._file.is_long() and (began := time.monotonic()) >= self._slow_until:
            outcomes = self._commit(group)
            if (now := time.monotonic()) - began > SLOW_SECONDS:
                self._slow_until = now + THREAD_SECONDS
            self._answer(loop, jobs, outcomes)
            return
        done = loop.run_in_executor(self._thread, self._end, jobs, group)
        done.add_done_callback(lambda ended: self._answer(loop, jobs, _outcomes(ended, jobs)))

    def _answer(self, loop: asyncio.AbstractEventLoop, jobs: list[Job], outcomes: list[JobOutcome]) -> None:
        for job, (ok, value) in zip(jobs, outcomes, strict=True):
            job.settle(ok, value)
        self._turn(loop)

    def _commit(self, group: Group) -> list[JobOutcome]:
        try:
            if not self._file.driver.in_transaction:  # else there would be nothing to commit, and no error
                raise sqlite3.OperationalError("the transaction was undone")  # noqa: TRY301
            group.transaction.commit()
        except Exception as error:  # noqa: BLE001  whatever it is, nothing was committed
            _undo(group.transaction)
            return [(False, refused(error))] * len(group.jobs)
        return group.outcomes

    def _end(self, jobs: list[Job], group: Group | None) -> list[JobOutcome]:
        """In the thread."""
        outcomes = self._run(jobs) if group is None else self._commit(group)
        if self._file.is_long():
            self._file.checkpoint()
        return outcomes

    def _run(self, jobs: list[Job]) -> list[JobOutcome]:
        try:
            with self._file.patient(), self._connection.begin():
                return [self._run_in_savepoint(job.fn) for job in jobs]
        except STORAGE_ERRORS as error:
            # A full disk or an I/O error may have undone the whole group: nothing of it is acknowledged.
            return [(False, refused(error))] * len(jobs)

    def _run_in_savepoint(self, fn: TransactFn[Any]) -> JobOutcome:
        self._cursor.execute("SAVEPOINT one")
        try:
            outcome: JobOutcome = (True, run_one(self._given, fn))
        except STORAGE_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001  handed to the one who asked; the others go on
            self._cursor.execute("ROLLBACK TO one")
            outcome = (False, error)
        self._cursor.execute("RELEASE one")
        return outcome

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._file.close()


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _noted(kept: asyncio.Future[Any]) -> None:
    """Who was told before may be gone by now, and is not to be missed."""
    if not kept.cancelled():
        kept.exception()


def _outcomes(done: asyncio.Future[list[JobOutcome]], jobs: list[Job]) -> list[JobOutcome]:
    failure = done.exception()
    return done.result() if failure is None else [(False, failure)] * len(jobs)


def _undo(transaction: OpenTransaction) -> None:
    """What cannot be undone any more is found out by the next BEGIN."""
    with suppress(Exception):
        transaction.rollback()
