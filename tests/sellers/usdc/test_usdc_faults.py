"""A facilitator that fails, hangs or lies costs the buyer nothing twice and us nothing at all: the network tells."""

import asyncio
import time

import httpx
import pytest

from tests.support.evm.usdc_payer import UsdcPayer
from tests.support.evm.usdc_scene import PRICE, UsdcScene
from tests.support.evm.x402_facilitator import Fault

AT_ONCE = 20


def at_once(client: UsdcPayer, header: dict[str, str]) -> list[httpx.Response]:
    async def all_of_them() -> list[httpx.Response]:
        return await asyncio.gather(*(client.send(header) for _ in range(AT_ONCE)))

    return client.scene.run(all_of_them())


def settles(scene: UsdcScene) -> int:
    return scene.facilitator.calls.count("/settle")


@pytest.mark.parametrize("fault", ["", "denied", "lost", "late"])
def test_what_was_settled_is_paid_whatever_the_facilitator_says(
    scene: UsdcScene, client: UsdcPayer, fault: Fault
) -> None:
    header, before, asked = client.header(client.ask()), scene.paid, settles(scene)
    scene.facilitator.settle_fault = fault
    answers = at_once(client, header)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert scene.paid - before == PRICE
    assert settles(scene) - asked == 1
    assert client.pay(header).json()["receipt"] == answers[0].json()["receipt"]


@pytest.mark.parametrize("fault", ["hang", "broken", "junk", "liar"])
def test_what_was_not_settled_waits_and_is_settled_later_by_the_same_payment(
    scene: UsdcScene, client: UsdcPayer, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, before = client.header(client.ask()), scene.paid
    scene.facilitator.settle_fault = fault
    waits = client.pay(header)
    assert (waits.status_code, waits.json()["code"], scene.paid) == (409, "payment_pending", before)
    assert "payment-required" not in waits.headers
    scene.facilitator.settle_fault = ""
    assert (
        client.pay(header).status_code == 409
    )  # it was asked to settle just now, and is not asked again so soon
    monkeypatch.setattr("paywall.rails.usdc.usdc_rail.AGAIN_SECONDS", 0)
    assert client.pay(header).status_code == 200
    assert scene.paid - before == PRICE


def test_the_worker_settles_what_its_payer_left(
    scene: UsdcScene, client: UsdcPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, before = client.header(client.ask()), scene.paid
    scene.facilitator.settle_fault = "broken"
    assert client.pay(header).status_code == 409
    scene.facilitator.settle_fault = ""
    monkeypatch.setattr("paywall.rails.usdc.usdc_rail.AGAIN_SECONDS", 0)
    scene.run(scene.parts.worker._settle())
    assert (scene.paid - before, scene.states()[-1]) == (PRICE, "settled")


def test_an_authorization_that_was_cancelled_on_the_way_has_failed(
    scene: UsdcScene, client: UsdcPayer
) -> None:
    asked = client.ask()
    payload, before = client.payload(asked), scene.paid
    scene.facilitator.settle_fault = "broken"
    assert client.pay(client.header(asked, payload)).status_code == 409
    client.cancel(payload)
    refused = client.pay(client.header(asked, payload))
    assert (refused.status_code, refused.json()["code"]) == (402, "payment_mismatch")
    assert (scene.states()[-1], scene.paid) == ("failed", before)
    scene.facilitator.settle_fault = ""
    assert client.pay(client.header(asked)).status_code == 200  # the same request, by another authorization
    assert scene.paid - before == PRICE


def test_one_that_a_stranger_settles_is_paid(scene: UsdcScene, client: UsdcPayer) -> None:
    asked = client.ask()
    payload, before = client.payload(asked), scene.paid
    scene.facilitator.settle_fault = "broken"
    assert client.pay(client.header(asked, payload)).status_code == 409
    client.use(payload)
    assert client.pay(client.header(asked, payload)).status_code == 200
    assert scene.paid - before == PRICE


def test_a_facilitator_that_hangs_holds_up_no_more_than_its_share(
    scene: UsdcScene, client: UsdcPayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (client.header(client.ask()) for _ in range(2))
    before = scene.paid
    scene.facilitator.settle_fault = "hang"
    scene.facilitator.reached.clear()
    monkeypatch.setattr("paywall.rails.usdc.facilitator.AT_ONCE", 1)

    async def beside_it() -> httpx.Response:
        hanging = asyncio.create_task(client.send(first))
        assert await asyncio.to_thread(scene.facilitator.reached.wait, 30)
        refused = await client.send(second)
        scene.facilitator.let_go.set()
        assert (await hanging).status_code == 409
        return refused

    refused = scene.run(beside_it())
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    scene.facilitator.settle_fault = ""
    assert client.pay(second).status_code == 200
    monkeypatch.setattr("paywall.rails.usdc.usdc_rail.AGAIN_SECONDS", 0)
    assert client.pay(first).status_code == 200
    assert scene.paid - before == 2 * PRICE


def test_one_that_expires_unused_has_failed_and_not_before_a_block_says_so(
    scene: UsdcScene, client: UsdcPayer
) -> None:
    asked = client.ask()
    payload, before = client.payload(asked), scene.paid
    scene.facilitator.settle_fault = "broken"
    header = client.header(asked, payload)
    assert client.pay(header).status_code == 409
    expiry = int(payload["authorization"]["validBefore"])
    scene.node.blocks(at=expiry - 1)
    assert client.pay(header).status_code == 409
    scene.node.blocks(at=expiry)
    assert expiry > time.time(), "the network's clock is what counts"
    refused = client.pay(header)
    assert (refused.status_code, scene.states()[-1], scene.paid) == (402, "failed", before)
