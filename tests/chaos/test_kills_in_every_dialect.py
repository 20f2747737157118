"""A use that is paid for in its own call, by x402, MPP and ACK-Pay: the seller is killed at each of its steps, and the
same call again has what was paid for, once.
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from buyer.auth import PaymentAuth
from buyer.budget import Budget
from buyer.errors import BuyerError
from buyer.purchase import history
from buyer.seller import patience
from buyer.wallet.file import Wallet
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

USE, BODY = "/api/images/generate", {"name": "Abraham Lincoln"}
FUNDS = 100_000_000
POINTS = (
    *(
        "pay.claiming",
        "pay.claimed",
        "pay.tried",
        "pay.settled",
        "pay.issued",
        "pay.finishing",
        "pay.finished",
    ),
    *("redeem.reserved", "redeem.stored", "redeem.capturing", "redeem.captured"),
)
#: of which a few are in every run of the tests
OFTEN = {
    *(("x402", "pay.settled"), ("mpp", "pay.finishing"), ("x402", "redeem.capturing")),
    *(("ack", "pay.settled"), ("ack", "redeem.capturing")),
}


def _cases() -> list[object]:
    return [
        pytest.param(dialect, point, marks=[] if (dialect, point) in OFTEN else [pytest.mark.chaos])
        for dialect in ("x402", "mpp", "ack")
        for point in POINTS
    ]


@pytest.fixture(scope="module")
def ticking() -> Iterator[DevnetProcess]:
    with DevnetProcess(block_seconds=0.3) as devnet:
        yield devnet


def call(seller: SellerProcess, wallet: Wallet, dialect: str) -> httpx.Response:
    async def called() -> httpx.Response:
        auth = PaymentAuth(wallet, Budget("1.00 USD"), by=dialect)
        async with httpx.AsyncClient(auth=auth, timeout=60) as http:
            return await http.post(f"{seller.url}{USE}", json=BODY)

    return asyncio.run(called())


def count(seller: SellerProcess, query: str) -> int:
    (file,) = seller.folder.glob("*.db")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return int(db.execute(query).fetchone()[0])


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buyer who waits for a seller that is gone waits for this test to start it again."""
    monkeypatch.setattr(patience, "GONE_TIMES", 0)


@pytest.mark.parametrize(("dialect", "point"), _cases())
def test_whoever_dies_the_call_is_paid_once_and_delivered_once(
    ticking: DevnetProcess, tmp_path: Path, dialect: str, point: str
) -> None:
    wallet = Wallet.create(tmp_path / "wallet.db")
    ticking.faucet(wallet.address, FUNDS)
    while b"tx_hash" not in ticking.ask(f"/addresses/{wallet.address}/utxos").content:
        time.sleep(0.05)  # it gives no event to await: a block comes by the clock
    seller = SellerProcess(ticking, tmp_path / "seller", module=("tests.chaos.serve", "serve"))
    seller.environment["CHAOS_FAILPOINT"] = f"{point}:1"
    seller.start()
    try:
        with pytest.raises((httpx.TransportError, BuyerError)):
            call(seller, wallet, dialect)
        assert seller.ended() == -9
        del seller.environment["CHAOS_FAILPOINT"]
        seller.start()
        answer = call(seller, wallet, dialect)
        assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG")
        (past,) = wallet.transact(history.read)
        assert past.state == "paid"
        assert count(seller, "SELECT count(*) FROM payment WHERE state = 'settled'") == 1
        assert count(seller, "SELECT sum(captured) FROM credit_account") == 1
        assert count(seller, "SELECT count(*) FROM burn") == 1
    finally:
        seller.stop()
