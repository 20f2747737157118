"""`python -m tests.bench.reusing FOLDER URL`: a receipt is used by the library and by plain httpx.

The turns go round within one process, so that what slows the machine slows both. Plain httpx makes the very same call:
the receipt, a proof of its key, an idempotency key, the same body, over a client that stays open.
"""

import asyncio
import json
import os
import sqlite3
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import httpx

from buyer.client import BuyerClient
from buyer.purchase import receipts
from buyer.purchase.receipts import HeldReceipt
from buyer.wallet.file import Wallet
from shared.keys import SigningKey
from shared.tokens import dpop, jws
from tests.bench.servers import ours

BODY = {"name": "Abraham Lincoln"}
WARM = 50
SYNCS = 50


@dataclass(frozen=True, slots=True)
class Turn:
    """Microseconds for each use: by the wall, and of this process's processor."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Reused:
    """Turns of both, in order; `fsync` is what the disk takes meanwhile for one write, in microseconds."""

    library: list[Turn]
    plain: list[Turn]
    fsync: list[float]


def wallet_of(folder: Path, url: str, token: str, seed: bytes) -> Wallet:
    """A wallet with that key which holds that receipt, as if it had bought it."""
    path = folder / f"wallet-{uuid.uuid4()}.db"
    folder.chmod(0o700)
    Wallet.create(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        key = SigningKey.from_seed(seed)
        db.executemany(
            "UPDATE settings SET value = ? WHERE key = ?", [(seed, "seed"), (key.public.raw, "public")]
        )
        claims = jws.read(token).payload
        now = int(time.time())
        db.execute(
            "INSERT INTO purchases (id, origin, product, credits, state, created_at, price_amount, price_currency,"
            " price_decimals, payment_request_id, payment_request_token, option_id, cost_amount, payer, external_id,"
            " draft, evidence) VALUES ('bought', ?, 'image-credit', ?, 'paid', ?, 1, 'USD', 2, 'p', 't', 'o', 1, 'c',"
            " 'x', '{}', '{}')",
            (url, ours.CREDITS // 2, now),  # the other half is for plain httpx: nothing is missing then
        )
        db.execute(
            "INSERT INTO receipts (id, purchase_id, token, issued_at, expires_at) VALUES (?, 'bought', ?, ?, ?)",
            (claims["jti"], token, now, now + ours.NEVER),
        )
    return Wallet.open(path)


async def measure_turns(folder: Path, url: str, *, turns: int, uses: int) -> Reused:
    token, seed = (folder / "receipt.txt").read_text().split()
    found = Reused([], [], [])
    with closing(wallet_of(folder, url, token, bytes.fromhex(seed))) as wallet:
        (held,) = wallet.transact(receipts.every)
        async with BuyerClient(url, wallet=wallet) as buyer, httpx.AsyncClient() as plain:
            by_library = _library(buyer, held)
            by_httpx = _httpx(plain, url + ours.QUICK, token, SigningKey.from_seed(bytes.fromhex(seed)))
            await _turn(by_library, WARM)
            await _turn(by_httpx, WARM)
            for _ in range(turns):
                found.library.append(await _turn(by_library, uses))
                found.plain.append(await _turn(by_httpx, uses))
                found.fsync.append(_fsync(folder / "probe"))
    return found


def _library(buyer: BuyerClient, receipt: HeldReceipt) -> Callable[[], Awaitable[object]]:
    return lambda: buyer.redeem(receipt, BODY, path=ours.QUICK)


def _httpx(
    client: httpx.AsyncClient, url: str, token: str, key: SigningKey
) -> Callable[[], Awaitable[object]]:
    async def call() -> None:
        proof = dpop.make(
            key, method="POST", url=url, now=int(time.time()), jti=str(uuid.uuid4()), token=token
        )
        headers = {
            "Authorization": f"DPoP {token}",
            "DPoP": proof,
            "Idempotency-Key": str(uuid.uuid4()),
            "Accept": "*/*",
        }
        (await client.post(url, json=BODY, headers=headers)).raise_for_status()

    return call


async def _turn(call: Callable[[], Awaitable[object]], uses: int) -> Turn:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(uses):
        await call()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Turn(wall * 1e6 / uses, cpu * 1e6 / uses)


def _fsync(file: Path) -> float:
    began = time.perf_counter()
    with file.open("wb") as out:
        for _ in range(SYNCS):
            out.write(bytes(4096))
            out.flush()
            os.fsync(out.fileno())
    return (time.perf_counter() - began) * 1e6 / SYNCS


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("url")
@click.option("--turns", type=int, required=True)
@click.option("--uses", type=int, required=True)
def main(folder: Path, url: str, turns: int, uses: int) -> None:
    """Print what was measured as JSON."""
    print(json.dumps(asdict(asyncio.run(measure_turns(folder, url, turns=turns, uses=uses)))))


if __name__ == "__main__":
    main()
