"""`buyer buy` and `paywall serve` in processes of their own, over ACK Lab's fake: paid once, whoever is killed."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.buying import Buyer
from tests.support.acklab.ack_lab import AckLab
from tests.support.acklab.acklab_buyer import variables_of
from tests.support.acklab.acklab_scene import settings_of
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess


@pytest.fixture
def lab() -> Iterator[AckLab]:
    with AckLab() as opened:
        yield opened


@pytest.fixture
def seller(devnet: DevnetProcess, lab: AckLab, tmp_path: Path) -> Iterator[SellerProcess]:
    own: dict[str, Any] = {f"PAYWALL_{name.upper()}": value for name, value in settings_of(lab).items()}
    with SellerProcess(
        devnet, tmp_path / "seller", PAYWALL_RAILS="cardano,acklab", PAYWALL_POLICY="none", **own
    ) as process:
        yield process


@pytest.fixture
def buyer(seller: SellerProcess, lab: AckLab, folder: Path) -> Buyer:
    opened = Buyer(seller, folder)
    opened.environment.update(variables_of(lab))
    return opened


def test_a_purchase_is_paid_from_the_account_and_used(buyer: Buyer, lab: AckLab) -> None:
    bought = buyer.ok("buy", "--credits", "3")
    assert (len(lab.payments), lab.seller.cents) == (1, 300)
    used = buyer.ok("generate", "--out", "images")
    assert len(list((buyer.folder / "images").iterdir())) == 1, used
    assert (bought["price"], bought["credits"]["granted"]) == ("3.00 USD", 3)
    (past,) = buyer.ok("history")["purchases"]
    assert past["state"] == "paid", past


def test_what_would_be_paid_is_told_and_nothing_is(buyer: Buyer, lab: AckLab) -> None:
    told = buyer.ok("buy", "--credits", "3", "--dry-run")
    assert (told["network"], told["pay"]) == ("acklab", "3.00 USD")
    assert lab.payments == []


def test_a_buyer_killed_while_it_pays_does_not_pay_again_and_its_owner_decides(
    buyer: Buyer, lab: AckLab
) -> None:
    lab.fault, lab.faulty = "late", "payments"
    process = buyer.start("buy", "--credits", "3")
    assert lab.paid.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    lab.go_on()
    for _ in range(2):
        done = buyer.run("buy", "--credits", "3", "--json")
        assert done.returncode == 5, done.stderr
        assert json.loads(done.stdout)["error"]["code"] == "payment_unknown", done.stdout
    assert len(lab.payments) == 1
    (stuck,) = buyer.ok("purchases")["purchases"]
    buyer.ok("purchases", "release", stuck["purchase_id"], "--yes")
    buyer.ok("buy", "--credits", "3")
    assert len(lab.payments) == 2


def test_a_seller_killed_after_the_payment_gives_its_receipt_when_it_is_back(
    buyer: Buyer, seller: SellerProcess, lab: AckLab
) -> None:
    lab.fault, lab.faulty = "slow", "payments"
    process = buyer.start("buy", "--credits", "3", "--json")
    assert lab.paid.wait(60)
    seller.kill()
    lab.go_on()
    seller.start()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, (out, err)
    assert json.loads(out)["credits"]["granted"] == 3
    assert len(lab.payments) == 1


def test_a_seller_killed_while_the_request_is_made_there_has_another_made_and_one_is_paid(
    buyer: Buyer, seller: SellerProcess, lab: AckLab
) -> None:
    lab.fault, lab.faulty = "late", "payment-requests"
    process = buyer.start("buy", "--credits", "3", "--json")
    assert lab.requested.wait(60)
    seller.kill()
    lab.go_on()
    seller.start()
    _, err = process.communicate(timeout=90)
    if process.returncode:  # it asks a few times alone
        buyer.ok("buy", "--credits", "3")
    assert lab.calls.count("payment-requests") == 2, err
    assert len(lab.payments) == 1


def test_the_sellers_secret_is_in_no_log(buyer: Buyer, seller: SellerProcess, lab: AckLab) -> None:
    lab.fault = "broken"
    assert buyer.run("buy", "--credits", "3").returncode == 5
    lab.fault = ""
    buyer.ok("buy", "--credits", "3")
    assert lab.seller.secret not in seller.log
    assert lab.buyer.secret not in seller.log
