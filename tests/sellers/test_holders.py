"""Where receipts must be bound, nothing is sold to nobody; on mainnet that is so unless the operator says otherwise."""

from pathlib import Path

import pytest

from paywall.sales.settings import SalesSettings
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.loop import in_loop
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import open_seller


@pytest.mark.parametrize(
    ("holders", "network", "required"),
    [
        ("", "mainnet", True),
        ("", "preprod", False),
        ("", "devnet", False),
        ("required", "devnet", True),
        ("optional", "mainnet", False),
    ],
)
def test_a_holder_is_required_on_mainnet_unless_a_setting_says_otherwise(
    holders: str, network: str, required: bool
) -> None:
    assert SalesSettings(holders=holders).holder_required(network) is required


@in_loop
async def test_who_names_no_holder_is_sold_nothing_and_asked_to_pay_nothing(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    bound = (SalesSettings(holders="required"),)
    async with open_seller(devnet, tmp_path, room_settings=bound) as seller:
        answer = await seller.http.post("/api/images/buy", json={"credits": 1})
        check_problem(answer, 400, "bad_request")
        assert "`holder` is missing" in answer.json()["detail"]
        answer = await seller.http.post("/api/images/generate", json={})
        check_problem(answer, 402, "payment_required")
        assert "paymentRequestToken" not in answer.json()
        assert "/api/images/buy" in answer.json()["detail"]
        payer = seller.payer()
        receipt = await payer.receipt(1)
        assert (await payer.generate(receipt, {"prompt": "a cat"})).status_code == 200
        more = await payer.generate(receipt, {"prompt": "a cat"})
        assert more.status_code == 402
        assert "paymentRequestToken" in more.json()


@in_loop
async def test_by_default_a_use_can_be_paid_for_in_its_call_by_who_names_nobody(
    devnet: DevnetProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on mainnet: clients of x402 and MPP have no word for a holder."""
    monkeypatch.setattr(SalesSettings, "holder_required", lambda _self, _network: True)
    async with open_seller(devnet, tmp_path) as seller:
        answer = await seller.http.post("/api/images/buy", json={"credits": 1})
        check_problem(answer, 400, "bad_request")
        asked = await seller.http.post("/api/images/generate", json={})
        check_problem(asked, 402, "payment_required")
        assert "payment-required" in asked.headers
        assert "paymentRequestToken" in asked.json()
