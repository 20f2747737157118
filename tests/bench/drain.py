"""10,000 waiting burns: how many blocks until all are confirmed, and how slow the API's slowest answers are meanwhile.

`paywall serve` as it is, with its defaults but for the confirmations, on a devnet with a block each second. Another
holder's lease keeps the wallet until the usual answers have been timed.
"""

import asyncio
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from paywall.burns.lease import LeaseHolder
from paywall.clock import unix_now
from paywall.database.engine import Transaction
from paywall.database.opening import open_database
from tests.bench.burns import FAR, capture
from tests.bench.load import Request
from tests.bench.process import SERVER_CORE, pinned, resident
from tests.bench.servers import ours
from tests.bench.steady import Steady, steady
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.world.seller import open_seller

BLOCK_SECONDS = 1.0
#: until the lease runs out: the server starts, and is timed, before
HELD_SECONDS = 30
WINDOW_SECONDS = 4.0
MOST_SECONDS = 60
_LEFT = """SELECT count(*) FROM burn LEFT JOIN burn_batch b ON b.id = burn.batch_id
    WHERE b.state IS NULL OR b.state != 'confirmed'"""
_HIGHEST = "SELECT max(block_height) FROM burn_batch"


@dataclass(frozen=True, slots=True)
class Drained:
    """`blocks` from the lease's end to the block that the last burn is in. `memory`: of the server at its start, MB."""

    burns: int
    blocks: int
    usual: Steady
    meanwhile: Steady
    memory: float


def measure_drain(folder: Path, *, burns: int, rate: float) -> Drained:
    """`rate`: 402s a second meanwhile."""
    with DevnetProcess(block_seconds=BLOCK_SECONDS) as devnet:
        free_at = asyncio.run(_fill(devnet, folder, burns))
        with SellerProcess(devnet, folder, PAYWALL_SUPPLY=str(2 * burns)) as seller:
            if pinned(SERVER_CORE):
                pin = ["taskset", "-a", "-c", "-p", str(SERVER_CORE), str(seller.pid)]
                subprocess.run(pin, check=True, stdout=subprocess.DEVNULL)
            memory = resident(seller.pid)
            time.sleep(max(0.0, free_at - 2 * WINDOW_SECONDS - 2 - time.time()))
            _timed(seller, rate)  # the first answers of a process are no measure
            usual = _timed(seller, rate)
            assert time.time() < free_at, "the burns began to drain while the usual answers were timed"
            time.sleep(max(0.0, free_at - time.time()))
            before = int(devnet.get("/blocks/latest")["height"])
            meanwhile = _timed(seller, rate)
            last = asyncio.run(_last_block(folder))
        return Drained(burns, last - before, usual, meanwhile, memory)


def _timed(seller: SellerProcess, rate: float) -> Steady:
    order = Request(ours.BUY, body='{"credits":1}', headers={"Content-Type": "application/json"})
    return steady(seller.url, order, status=402, rate=rate, seconds=WINDOW_SECONDS)


async def _fill(devnet: DevnetProcess, folder: Path, burns: int) -> float:
    """Captured uses whose burns wait; the moment from which a server may take the wallet."""
    async with open_seller(devnet, folder, supply=2 * burns, batch_seconds=FAR) as seller:
        database = seller.parts.database
        await database.transact(lambda tx: capture(tx, burns))
        name = f"wallet {seller.custody.asset.policy_id}"
        holder = LeaseHolder(database, name, "the benchmark", clock=unix_now, seconds=HELD_SECONDS)
        assert await holder.take() is not None
        return time.time() + HELD_SECONDS


async def _last_block(folder: Path) -> int:
    """The highest block with burns, once all are confirmed."""
    database = open_database(f"sqlite:///{folder / 'paywall.db'}", writing=False)

    def read(tx: Transaction) -> tuple[int, int]:
        left, highest = (tx.connection.execute(text(query)).scalar_one() for query in (_LEFT, _HIGHEST))
        return int(left), int(highest or 0)

    try:
        async with asyncio.timeout(MOST_SECONDS):
            while (found := await database.read(read))[0]:  # noqa: ASYNC110  another process writes
                await asyncio.sleep(0.2)
        return found[1]
    finally:
        database.close()
