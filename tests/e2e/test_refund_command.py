"""`buyer refund` at `paywall serve`: what was not used comes back to the wallet."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess


@pytest.fixture
def seller(devnet: DevnetProcess, tmp_path: Path) -> Iterator[SellerProcess]:
    with SellerProcess(devnet, tmp_path / "seller", PAYWALL_FINAL_DEPTH="3") as process:
        yield process


def test_unused_credits_come_back_to_the_wallet(
    devnet: DevnetProcess, seller: SellerProcess, folder: Path
) -> None:
    buyer = Buyer(seller, folder, devnet)
    bought = buyer.ok("buy", "--credits", "5")
    before = buyer.ok("wallet", "balance")["balance"]
    command = ("refund", "--credits", "3", "--json")
    while True:
        done = buyer.run(*command)
        told = json.loads(done.stdout or done.stderr.splitlines()[-1])
        if done.returncode != 5:
            break
        assert told["error"]["code"] == "payment_pending"
    assert (done.returncode, told["receipt_id"], told["credits"]) == (0, bought["receipt_id"], 3)
    while told["seller_says"]["state"] != "sent":
        told = json.loads(buyer.run(*command).stdout)
    assert told["amount"] == "6.000000 ADA"
    assert float(buyer.ok("wallet", "balance")["balance"].split()[0]) - float(before.split()[0]) > 5.5
    refused = buyer.run("refund", "--credits", "3", "--key", "more", "--json")
    assert refused.returncode == 4
    assert json.loads(refused.stdout or refused.stderr.splitlines()[-1])["error"]["code"] == "refund_refused"
