"""Processes are killed in the middle; nothing is lost, nothing is paid or burned twice."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

FLOW = ("images", "--credits", "3", "--generate", "2", "--out", "images", "--wait-burns", "-v")
#: a line of the buyer's own story, after which somebody is killed
MOMENTS = [
    "POST /api/images/buy",
    "POST /api/payments → 202",
    "POST /api/payments → 200",
    "POST /api/images/generate",
    "GET /api/redemptions",
]


def _run_until(buyer: Buyer, moment: str, also: Callable[[], None] = lambda: None) -> None:
    process = buyer.start(*FLOW)
    assert process.stderr is not None
    for line in process.stderr:
        if moment in line:
            break
    also()
    process.kill()
    process.communicate()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_buyer_goes_on_where_it_was(
    seller: SellerProcess, devnet: DevnetProcess, folder: Path, moment: str
) -> None:
    buyer = Buyer(seller, folder, devnet)
    _run_until(buyer, moment)
    bought = buyer.ok(*FLOW[:-1])
    assert bought["credits"] == {"granted": 3, "remaining": 1}
    assert [burn["proof_valid"] for burn in bought["burns"]] == [True, True]
    assert 6_000_000 < buyer.spent < 6_500_000, "it paid once, and one fee"


@pytest.mark.parametrize("moment", MOMENTS[1::2])
def test_a_killed_seller_goes_on_where_it_was(devnet: DevnetProcess, folder: Path, moment: str) -> None:
    with SellerProcess(devnet, folder / "seller") as seller:
        buyer = Buyer(seller, folder / "buyer", devnet)
        _run_until(buyer, moment, also=seller.kill)
        seller.start()
        bought = buyer.ok(*FLOW[:-1])
        assert bought["credits"] == {"granted": 3, "remaining": 1}
        assert [burn["proof_valid"] for burn in bought["burns"]] == [True, True]
        assert 6_000_000 < buyer.spent < 6_500_000, "it paid once, and one fee"
        reconciled = seller.command("reconcile")
        assert reconciled.returncode == 0, reconciled.stdout


def test_a_buyer_whose_seller_dies_while_it_settles_waits_for_it_to_come_back(
    devnet: DevnetProcess, folder: Path
) -> None:
    with SellerProcess(devnet, folder / "seller") as seller:
        buyer = Buyer(seller, folder / "buyer", devnet)
        process = buyer.start("buy", "--credits", "3", "--json", "-v")
        assert process.stderr is not None
        for line in process.stderr:
            if "POST /api/payments → 202" in line:
                seller.kill()
            if "asked again" in line:
                break
        seller.start()
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
        assert json.loads(out)["credits"] == {"granted": 3, "remaining": 3}
        assert 6_000_000 < buyer.spent < 6_500_000, "it paid once, and one fee"


def test_an_orderly_stop_ends_with_0(devnet: DevnetProcess, folder: Path) -> None:
    with SellerProcess(devnet, folder) as seller:
        assert seller.stop() == 0
        seller.start()
