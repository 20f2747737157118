"""Who is at work on what, among the processes that share a wallet.

A lease keeps two buyers from doing one piece of work side by side. It is a courtesy and not the lock that
money hangs on: those are the guarded updates in `purchase/store.py`, which hold even when a lease ran out early.
"""

import asyncio
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from buyer.errors import WalletError
from buyer.wallet.file import Wallet

SECONDS = 12
RENEW_EVERY = 3.0
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Work:
    """A named piece of work in a wallet, and the `nonce` of the one who is about to do it.

    `about` is what it is called in messages, where its name holds a stranger's word.
    """

    wallet: Wallet
    name: str
    now: Callable[[], int]
    nonce: str
    about: str = ""

    @property
    def told(self) -> str:
        return self.about or self.name

    @property
    def owner(self) -> str:
        """Names this process too, so that another one on the same machine can see that it died."""
        return this_process(self.nonce)


def this_process(nonce: str) -> str:
    """What an owner in this process is called."""
    return f"{socket.gethostname()}:{_named(os.getpid())}:{nonce}"


@lru_cache(maxsize=1)
def _named(own_pid: int) -> str:
    """With its start: in a container the process behind a crash has the number of the one before."""
    return f"{own_pid}.{_started(own_pid)}"


def _started(pid: int) -> str:
    """When a process began, as Linux counts it; "" elsewhere, or where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


@asynccontextmanager
async def held(work: Work, *, wait: float, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Do the work alone. WalletError `wallet_busy` when another is still at it after `wait` seconds."""
    if not try_acquire(work):
        say(f"another buyer is at {work.told}; waiting for it")
        await _wait_for(work, wait)
    async with keeping(work):
        yield


@asynccontextmanager
async def keeping(work: Work) -> AsyncIterator[None]:
    """Keep a lease that was taken while the body runs, and let go of it afterwards."""
    renewal = asyncio.create_task(_renew(work))
    try:
        yield
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        work.wallet.transact(lambda db: let_go(db, work))


def try_acquire(work: Work) -> bool:
    """Acquire the lease when it is free, has run out, or its holder is dead."""
    return work.wallet.transact(lambda db: acquire(db, work))


def acquire(db: sqlite3.Connection, work: Work) -> bool:
    """`try_acquire`, in a transaction that does more: each one waits for the disk."""
    row = db.execute("SELECT owner FROM leases WHERE name = ?", (work.name,)).fetchone()
    if row is not None and is_dead(row[0]):
        db.execute("DELETE FROM leases WHERE name = ?", (work.name,))
    changed = db.execute(
        "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
        " SET owner = excluded.owner, until = excluded.until WHERE leases.until <= ?",
        (work.name, work.owner, work.now() + SECONDS, work.now()),
    ).rowcount
    return changed == 1


def keep(db: sqlite3.Connection, work: Work) -> None:
    """Acquire what nobody else can be at, or hold it for longer."""
    db.execute(
        "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET until = excluded.until"
        " WHERE leases.owner = excluded.owner",
        (work.name, work.owner, work.now() + SECONDS),
    )


def let_go(db: sqlite3.Connection, work: Work) -> None:
    """Nothing is written where it was let go of before."""
    db.execute("DELETE FROM leases WHERE name = ? AND owner = ?", (work.name, work.owner))


async def _wait_for(work: Work, wait: float) -> None:
    try:
        async with asyncio.timeout(wait):
            while not try_acquire(work):  # noqa: ASYNC110  another process lets go of it
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError as error:
        hint = "Let the other command finish, or use another wallet."
        raise WalletError("wallet_busy", f"another buyer is still at {work.told}", hint=hint) from error


async def _renew(work: Work) -> None:
    def renew(db: sqlite3.Connection) -> None:
        until = work.now() + SECONDS
        db.execute("UPDATE leases SET until = ? WHERE name = ? AND owner = ?", (until, work.name, work.owner))

    while True:
        await asyncio.sleep(RENEW_EVERY)
        work.wallet.transact(renew)


def is_dead(owner: str) -> bool:
    """Whether the process that is named so has ended, as far as this machine can tell."""
    host, process, _ = owner.rsplit(":", 2)
    pid, _, started = process.partition(".")
    if host != socket.gethostname():
        return False
    if started and _started(int(pid)) not in {started, ""}:
        return True  # the number is another's by now
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
