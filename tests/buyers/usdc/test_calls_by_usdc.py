"""Calls paid in USDC: at our own seller in each dialect, at PyPI x402's middleware, and once whatever goes wrong."""

import asyncio
from typing import Any

import httpx
import pytest
from x402.http import FacilitatorConfig, HTTPFacilitatorClient

from buyer.errors import BuyerError, OverBudget, PaymentRefused, UsageError
from tests.bench.servers import settling_x402
from tests.buyers.usdc.conftest import UsdcAgent
from tests.support.evm.usdc_scene import PAYEE, PRICE, UsdcScene

USE, LINCOLN = "/api/images/generate", {"name": "Abraham Lincoln"}


@pytest.mark.parametrize("by", ["x402", "mpp", None])
def test_a_call_of_our_own_seller_is_paid_in_usdc(scene: UsdcScene, agent: UsdcAgent, by: str | None) -> None:
    before = scene.paid
    answer = scene.run(agent.ask(USE, json=LINCOLN, auth={"by": by}))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (scene.paid - before, agent.states()) == (PRICE, ["paid"])


def test_pypi_x402s_middleware_is_paid_and_its_own_facilitator_settles(
    scene: UsdcScene, agent: UsdcAgent
) -> None:
    before, price = scene.paid, PRICE // 1000

    async def ask() -> httpx.Response:
        async with HTTPFacilitatorClient(FacilitatorConfig(url=scene.facilitator.url)) as facilitator:
            middleware = httpx.ASGITransport(settling_x402.app(facilitator, PAYEE))
            return await agent.ask(settling_x402.PATH, transport=middleware)

    answer = scene.run(ask())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert scene.paid - before == price


def test_twenty_of_the_same_call_at_once_pay_once(scene: UsdcScene, agent: UsdcAgent) -> None:
    before = scene.paid

    async def many() -> list[Any]:
        asked = (agent.ask(USE, json=LINCOLN) for _ in range(20))
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = scene.run(many())
    assert {one.status_code for one in answers if isinstance(one, httpx.Response)} == {200}
    assert not [one for one in answers if not isinstance(one, httpx.Response | BuyerError)]
    # Whoever comes behind an answer asks for something new.
    assert scene.paid - before == PRICE * len(agent.states())
    assert len({one.headers["redemption-id"] for one in answers if isinstance(one, httpx.Response)}) == len(
        agent.states()
    )


class Losing(httpx.AsyncBaseTransport):
    """Passes on what is asked, keeps what was shown, and loses the answers that were paid for while it `loses`."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.loses = True
        self.shown: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        payment = request.headers.get("payment-signature")
        answer = await self._inner.handle_async_request(request)
        if payment is not None:
            self.shown.append(payment)
            if self.loses:
                raise httpx.ReadError("the answer was lost", request=request)
        return answer


def test_a_lost_answer_is_asked_for_with_the_same_authorization(scene: UsdcScene, agent: UsdcAgent) -> None:
    before, way = scene.paid, Losing(scene.app)
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            scene.run(agent.ask(USE, transport=way, json=LINCOLN))
    way.loses = False
    answer = scene.run(agent.ask(USE, transport=way, json=LINCOLN))
    assert answer.status_code == 200
    assert (len(way.shown), len(set(way.shown))) == (3, 1)
    assert (scene.paid - before, agent.states()) == (PRICE, ["paid"])


def test_a_facilitator_that_settles_and_is_not_heard_costs_once(scene: UsdcScene, agent: UsdcAgent) -> None:
    before = scene.paid
    scene.facilitator.settle_fault = "lost"
    answer = scene.run(agent.ask(USE, json=LINCOLN, auth={"wait": 30.0}))
    assert answer.status_code == 200
    assert (scene.paid - before, agent.states()) == (PRICE, ["paid"])


def test_more_than_the_budget_is_not_signed(scene: UsdcScene, agent: UsdcAgent) -> None:
    with pytest.raises(OverBudget):
        scene.run(agent.ask(USE, price="0.50 USD", json=LINCOLN))
    assert agent.states() == []


def test_what_the_account_lacks_is_told_before_anything_is_signed(scene: UsdcScene, agent: UsdcAgent) -> None:
    agent.environment = {**agent.environment, "BUYER_USDC_KEY": "17" * 32}
    with pytest.raises(PaymentRefused, match=r"lacks 1\.0+ USDC") as refused:
        scene.run(agent.ask(USE, json=LINCOLN))
    assert refused.value.code == "funds_short"
    assert agent.states() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUYER_USDC_KEY", "12"),
        ("BUYER_USDC_KEY", "0" * 64),
        ("BUYER_USDC_NETWORK", "eip155:1"),
        ("BUYER_USDC_RPC_URL", "http://rpc.example"),
    ],
)
def test_a_variable_that_is_wrong_is_named(scene: UsdcScene, agent: UsdcAgent, name: str, value: str) -> None:
    agent.environment = {**agent.environment, name: value}
    with pytest.raises(UsageError, match=name) as refused:
        scene.run(agent.ask(USE, json=LINCOLN))
    assert (refused.value.code, agent.states()) == ("usdc_invalid", [])
