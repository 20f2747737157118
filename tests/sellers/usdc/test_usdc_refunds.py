"""USDC that is given back, by the seller's own authorization; the network tells what became of it."""

from collections.abc import Iterator

import httpx
import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from paywall import clock
from paywall.errors import SetupError
from paywall.rails.base import Refundable
from paywall.rails.usdc.usdc_rail import UsdcRail
from paywall.rails.usdc.usdc_sending_back import refunding_account
from paywall.refunds.sending import RefundSending
from tests.support.evm.usdc_payer import UsdcPayer
from tests.support.evm.usdc_scene import FUNDS, PAYEE, PRICE, UsdcScene, open_usdc_scene
from tests.support.evm.x402_facilitator import Fault

KEY = keccak(b"payee").hex()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UsdcScene]:
    with open_usdc_scene(tmp_path_factory.mktemp("seller"), usdc_refund_key=KEY) as opened:
        yield opened


def give_back(scene: UsdcScene, receipt: str, **body: int) -> httpx.Response:
    async def asked() -> httpx.Response:
        async with scene.http() as http:
            return await http.post("/api/receipts/refund", json={"receipt": receipt, **body})

    return scene.run(asked())


def state(scene: UsdcScene, answer: httpx.Response) -> str:
    async def asked() -> httpx.Response:
        async with scene.http() as http:
            return await http.get(answer.headers["location"])

    return str(scene.run(asked()).json()["state"])


def send(scene: UsdcScene) -> None:
    rails = scene.parts._adapters.rails
    scene.run(RefundSending(database=scene.parts.database, rails=rails, clock=clock.unix_now).step())


@pytest.mark.parametrize("fault", ["", "denied", "lost", "late", "hang"])
def test_unused_credits_are_sent_back_once_whatever_the_facilitator_says(
    scene: UsdcScene, client: UsdcPayer, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = client.pay(client.header(client.ask(credits=3)), credits=3).json()["receipt"]
    held, paid = scene.node.balance(scene.payer.address), scene.paid
    answer = give_back(scene, receipt, credits=2)
    assert (answer.status_code, answer.json()["amount"]) == (202, 2 * PRICE)
    scene.facilitator.settle_fault = fault
    monkeypatch.setattr("paywall.rails.usdc.usdc_rail.AGAIN_SECONDS", 0)
    send(scene)
    scene.facilitator.settle_fault = ""
    for _ in range(2):
        send(scene)
    assert state(scene, answer) == "sent"
    assert scene.node.balance(scene.payer.address) - held == 2 * PRICE
    assert paid - scene.paid == 2 * PRICE
    assert give_back(scene, receipt, credits=2).json()["code"] == "refund_too_much"
    assert scene.node.balance(scene.payer.address) <= FUNDS


def test_without_the_key_a_person_sends_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_usdc_scene(tmp_path_factory.mktemp("seller")) as scene:
        client = UsdcPayer(scene)
        receipt = client.pay(client.header(client.ask())).json()["receipt"]
        answer = give_back(scene, receipt)
        assert (answer.status_code, answer.json()["state"]) == (202, "by_hand")
        send(scene)
        assert state(scene, answer) == "by_hand"
        assert not any(isinstance(rail, Refundable) for rail in scene.parts._adapters.rails)


def test_what_was_paid_in_another_token_than_the_present_one_is_a_persons(
    scene: UsdcScene, client: UsdcPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent in the old token, and looked for in the new one, it would look lost, and be sent again and again."""
    waiting = give_back(scene, client.pay(client.header(client.ask())).json()["receipt"])
    held = scene.node.balance(scene.payer.address)
    rail = scene.parts._adapters.rails[0]
    assert isinstance(rail, UsdcRail)
    monkeypatch.setattr(rail, "is_ours", lambda _state: False)
    send(scene)
    assert state(scene, waiting) == "by_hand"
    assert scene.node.balance(scene.payer.address) == held


def test_a_key_of_another_address_is_refused() -> None:
    assert refunding_account(KEY, PAYEE).address == PAYEE
    with pytest.raises(SetupError, match="not the key of"):
        refunding_account(keccak(b"another").hex(), PAYEE)
    assert Account.from_key(KEY).address == PAYEE
