"""Redemptions by the flow itself, without HTTP: what they take of the processor here and in PostgreSQL's server."""

import asyncio
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from paywall.burns.backlog import Backlog
from paywall.clock import new_id, new_reference, unix_now
from paywall.database.engine import Database, Transaction
from paywall.database.opening import open_database
from paywall.redemptions.redeeming import Redeeming
from paywall.redemptions.request import RedemptionRequest
from paywall.redemptions.resource import Resource
from shared.keys import SigningKey
from shared.tokens.dpop import HolderProof
from tests.bench.process import cpu_microseconds
from tests.bench.servers.noop import NoopAtOnce
from tests.support.services.postgres import postgres_in
from tests.support.world.accounts import open_accounts
from tests.support.world.redemptions import PRODUCT

AT_ONCE = 16
CREDITS = 10_000_000
NEVER = 10**9
WARM = 500
#: PostgreSQL as it comes: a commit waits for the disk
DURABLE = "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"
HOLDER = SigningKey.from_seed(b"b" * 32).public


@dataclass(frozen=True, slots=True)
class FlowRun:
    """Redemptions on so many accounts; microseconds of the processor for each, here and in the database's server."""

    accounts: int
    redemptions: int
    seconds: float
    own_cpu: float
    server_cpu: float

    @property
    def rate(self) -> float:
        """Redemptions per second."""
        return self.redemptions / self.seconds


def measure_postgres(folder: Path, *, accounts: int, seconds: float) -> FlowRun:
    """On a server of its own, whose commits wait for the disk."""
    with postgres_in(folder, DURABLE) as server:
        postmaster = int((folder / "postmaster.pid").read_text().split()[0])
        return asyncio.run(_measure(server.create(), accounts, seconds, postmaster))


def measure_sqlite(folder: Path, *, accounts: int, seconds: float) -> FlowRun:
    folder.mkdir()
    return asyncio.run(_measure(f"sqlite:///{folder / 'paywall.db'}", accounts, seconds, None))


async def _measure(url: str, accounts: int, seconds: float, postmaster: int | None) -> FlowRun:
    database = open_database(url)
    try:
        names = [f"urn:uuid:{new_id()}" for _ in range(accounts)]
        now = unix_now()
        await database.transact(lambda tx: open_accounts(tx, names, CREDITS, now=now, expires_at=now + NEVER))
        redeeming = Redeeming(
            database=database,
            clock=unix_now,
            references=new_reference,
            salts=lambda: os.urandom(16),
            backlog=Backlog(NEVER),
        )
        resource = Resource("bench", PRODUCT, "/api/bench", NoopAtOnce(dict))
        await _drive(redeeming, resource, names, count=WARM)
        own, server = time.process_time(), _server_cpu(postmaster)
        began = time.perf_counter()
        done = await _drive(redeeming, resource, names, seconds=seconds)
        took = time.perf_counter() - began
        own_cpu, server_cpu = (time.process_time() - own) * 1e6, _server_cpu(postmaster) - server
        await _check(database, WARM + done)
    finally:
        database.close()
    return FlowRun(accounts, done, took, own_cpu / done, server_cpu / done)


async def _drive(
    redeeming: Redeeming, resource: Resource, names: list[str], *, count: int = 0, seconds: float = 0
) -> int:
    """Redeem until so many are done, or for so long; how many were."""
    until, done = time.perf_counter() + seconds, 0

    async def client(number: int) -> None:
        nonlocal done
        account = names[number % len(names)]
        while done < count or time.perf_counter() < until:
            done += 1
            await redeeming.redeem(resource, _request(account), user="u" * 64)

    await asyncio.gather(*(client(number) for number in range(AT_ONCE)))
    return done


def _request(account: str) -> RedemptionRequest:
    asked = '{"text":"hello"}'
    redemption_id = new_id()
    return RedemptionRequest(
        id=redemption_id,
        account_id=account,
        product=PRODUCT,
        resource="bench",
        quantity=1,
        idempotency_key=f"redemption {redemption_id}",
        request=asked,
        request_hash=hashlib.sha256(asked.encode()).hexdigest(),
        document=asked,
        owes_burn=True,
        holder_proof=HolderProof(new_id(), HOLDER.thumbprint, HOLDER, unix_now()),
    )


def _server_cpu(postmaster: int | None) -> int:
    """Of the server and all its processes, those that ended too."""
    return 0 if postmaster is None else cpu_microseconds(postmaster, children=True)


async def _check(database: Database, expected: int) -> None:
    def read(tx: Transaction) -> tuple[int, int]:
        captured = "SELECT count(*) FROM redemption WHERE state = 'captured'"
        found = (tx.connection.exec_driver_sql(query) for query in (captured, "SELECT count(*) FROM burn"))
        first, second = (int(one.scalar_one()) for one in found)
        return first, second

    assert await database.read(read) == (expected, expected)
