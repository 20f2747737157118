"""Processes are killed in the middle; nothing is lost, nothing is paid or burned twice."""

from pathlib import Path

import pytest

from tests.devnet_process import DevnetProcess
from tests.e2e.buying import Buyer
from tests.seller_process import SellerProcess

FLOW = ("images", "--credits", "3", "--generate", "2", "--out", "images", "--wait-burns", "-v")
#: a line of the buyer's own story, after which somebody is killed
MOMENTS = [
    "POST /api/images/buy",
    "POST /api/payments → 202",
    "POST /api/payments → 200",
    "POST /api/images/generate",
    "GET /api/redemptions",
]


def _run_until(buyer: Buyer, moment: str) -> None:
    process = buyer.start(*FLOW)
    assert process.stderr is not None
    for line in process.stderr:
        if moment in line:
            break
    process.kill()
    process.communicate()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_buyer_goes_on_where_it_was(seller: SellerProcess, folder: Path, moment: str) -> None:
    buyer = Buyer(seller, folder)
    start = buyer.ok("wallet", "balance")
    _run_until(buyer, moment)
    bought = buyer.ok(*FLOW[:-1])
    assert bought["credits"] == {"granted": 3, "remaining": 1}
    assert [burn["proof_valid"] for burn in bought["burns"]] == [True, True]
    assert len(buyer.ok("receipts")["receipts"]) == 1
    spent = _lovelace(start) - _lovelace(buyer.ok("wallet", "balance"))
    assert 6_000_000 < spent < 6_500_000, "it paid once, and one fee"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_seller_goes_on_where_it_was(devnet: DevnetProcess, folder: Path, moment: str) -> None:
    with SellerProcess(devnet, folder / "seller") as seller:
        buyer = Buyer(seller, folder / "buyer")
        start = buyer.ok("wallet", "balance")
        process = buyer.start(*FLOW)
        assert process.stderr is not None
        for line in process.stderr:
            if moment in line:
                break
        seller.kill()
        process.kill()
        process.communicate()
        seller.start()
        bought = buyer.ok(*FLOW[:-1])
        assert bought["credits"] == {"granted": 3, "remaining": 1}
        assert [burn["proof_valid"] for burn in bought["burns"]] == [True, True]
        spent = _lovelace(start) - _lovelace(buyer.ok("wallet", "balance"))
        assert 6_000_000 < spent < 6_500_000, "it paid once, and one fee"
        reconciled = seller.command("reconcile")
        assert reconciled.returncode == 0, reconciled.stdout


def test_an_orderly_stop_ends_with_0(devnet: DevnetProcess, folder: Path) -> None:
    with SellerProcess(devnet, folder) as seller:
        assert seller.stop() == 0
        seller.start()


def _lovelace(balance: dict[str, str]) -> int:
    whole, _, part = balance["balance"].removesuffix(" ADA").partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))
