"""x402 version 1: a payment that names nothing pays what the called path sells, once, and is its payer's alone."""

import asyncio
from typing import Any

import httpx
import pytest
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.exact.v1.client import ExactEvmSchemeV1
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas.v1 import PaymentRequiredV1

from shared.keys import SigningKey
from tests.sellers.dialects.x402_client import BUY, ONE, decoded, encoded
from tests.support.evm.evm_node import NETWORK
from tests.support.evm.usdc_payer import UsdcPayer
from tests.support.evm.usdc_scene import PRICE, UsdcScene

USE, LINCOLN = "/api/images/generate", {"name": "Abraham Lincoln"}
AT_ONCE = 20


class OldSeller(httpx.AsyncBaseTransport):
    """Drops the headers of version 2 from each answer, so that a client of both speaks version 1."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        answer.headers.pop("payment-required", None)
        return answer


def paying(scene: UsdcScene, asked: PaymentRequiredV1) -> dict[str, str]:
    """The header that pays it."""
    payload = ExactEvmSchemeV1(EthAccountSigner(scene.payer)).create_payment_payload(asked.accepts[0])
    said = {"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": payload}
    return {"X-PAYMENT": encoded(said)}


def ask(scene: UsdcScene, path: str = BUY, **body: Any) -> PaymentRequiredV1:
    async def asked() -> httpx.Response:
        async with scene.http() as http:
            return await http.post(path, json=body or ONE, headers={"Accept": "*/*"})

    answer = scene.run(asked())
    assert answer.status_code == 402
    return PaymentRequiredV1.model_validate(answer.json())


def open_requests(scene: UsdcScene) -> int:
    from tests.support.world.ledger import read_ledger

    return len(scene.run(read_ledger(scene.parts.database))["payment_request"])


def test_a_402_asks_in_the_body_in_words_of_version_1(scene: UsdcScene) -> None:
    for path, body in ((BUY, ONE), (USE, LINCOLN)):
        asked = ask(scene, path, **body)
        (entry,) = asked.accepts
        assert (entry.network, entry.max_amount_required, entry.scheme) == (
            "base-sepolia",
            str(PRICE),
            "exact",
        )
        assert (entry.resource, entry.extra) == (
            f"http://127.0.0.1:8402{path}",
            {"name": "USDC", "version": "2"},
        )
        assert isinstance(asked.error, str)


def test_a_client_that_knows_version_1_alone_buys_and_pays_for_a_use(scene: UsdcScene) -> None:
    client = register_exact_evm_client(x402Client(), EthAccountSigner(scene.payer))
    before = scene.paid

    async def buy_and_use() -> tuple[httpx.Response, httpx.Response]:
        async with scene.http(x402AsyncTransport(client, OldSeller(scene.app))) as http:
            bought = await http.post(BUY, json=ONE, headers={"Accept": "*/*"})
            return bought, await http.post(USE, json=LINCOLN)

    bought, used = scene.run(buy_and_use())
    told = decoded(bought.headers["x-payment-response"])
    assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 1)
    assert (told["success"], told["network"]) == (True, "base-sepolia")
    assert (used.status_code, used.headers["content-type"]) == (200, "image/png")
    assert scene.paid - before == 2 * PRICE


def test_twenty_copies_at_once_are_one_payment_and_one_answer(scene: UsdcScene, client: UsdcPayer) -> None:
    header, before, requests = paying(scene, ask(scene)), scene.paid, open_requests(scene)

    async def all_of_them() -> list[httpx.Response]:
        return await asyncio.gather(*(client.send(header) for _ in range(AT_ONCE)))

    answers = scene.run(all_of_them())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert (scene.paid - before, open_requests(scene) - requests) == (PRICE, 1)


def test_who_reads_a_payment_on_the_network_is_given_nothing_for_it(
    scene: UsdcScene, client: UsdcPayer
) -> None:
    asked = ask(scene)
    header = paying(scene, asked)
    assert client.pay(header).status_code == 200
    for stolen in (header, {**header, "Idempotency-Key": "guessed"}):
        for path, body in ((BUY, ONE), (BUY, {"credits": 2}), (USE, LINCOLN)):
            answer = client.pay(stolen, path, **body)
            assert (answer.status_code, answer.json()["code"]) == (409, "claim_used")
            assert "accepts" not in answer.json()
            assert "receipt" not in answer.json()


def test_one_that_is_shown_while_it_settles_is_its_first_showers(scene: UsdcScene, client: UsdcPayer) -> None:
    header = {**paying(scene, ask(scene)), "Idempotency-Key": "a secret of his own"}
    scene.facilitator.settle_fault = "broken"
    waits = client.pay(header)
    assert (waits.status_code, waits.json()["code"]) == (409, "payment_pending")
    assert decoded(waits.headers["x-payment-response"])["errorReason"] == "settlement_pending"
    payload = decoded(header["X-PAYMENT"])["payload"]
    client.use(payload)
    stolen = {name: value for name, value in header.items() if name != "Idempotency-Key"}
    assert client.pay(stolen).json()["code"] == "claim_used"
    paid = client.pay(header)
    assert (paid.status_code, paid.json()["credits"]["available"]) == (200, 1)
    assert client.pay(header).json()["receipt"] == paid.json()["receipt"]


def test_a_receipt_that_is_bound_to_a_holder_is_handed_out_again(scene: UsdcScene, client: UsdcPayer) -> None:
    holder = SigningKey.generate().public.did
    header = paying(scene, ask(scene, credits=1, holder=holder))
    first = client.pay(header, credits=1, holder=holder)
    assert first.status_code == 200
    assert client.pay(header, credits=1, holder=holder).json()["receipt"] == first.json()["receipt"]
    used = client.pay({"Authorization": f"Bearer {first.json()['receipt']}"}, USE, **LINCOLN)
    assert used.json()["code"] == "holder_proof_required"


def test_a_payment_for_another_price_is_refused_and_nothing_is_taken(
    scene: UsdcScene, client: UsdcPayer
) -> None:
    header, before = paying(scene, ask(scene)), scene.paid
    answer = client.pay(header, credits=2)
    assert (answer.status_code, answer.json()["code"]) == (402, "payment_mismatch")
    again = PaymentRequiredV1.model_validate(answer.json())
    assert again.accepts[0].max_amount_required == str(2 * PRICE)
    assert decoded(answer.headers["x-payment-response"])["success"] is False
    assert scene.paid == before
    assert client.pay(header).status_code == 200  # for what it was signed for it is as good as ever


@pytest.mark.parametrize(
    "header",
    [
        *("", "AA", encoded([]), encoded({"x402Version": 2})),
        encoded({"x402Version": 1, "scheme": "upto", "network": "base-sepolia", "payload": {"a": "b"}}),
        encoded({"x402Version": 1, "scheme": "exact", "network": "cardano", "payload": {"a": "b"}}),
        encoded({"x402Version": 1, "scheme": "exact", "network": "base-sepolia", "payload": {"a": "b"}}),
        encoded({"x402Version": 1, "scheme": "exact", "network": NETWORK, "payload": {"a": "b"}}),
    ],
)
def test_what_cannot_be_read_is_refused(client: UsdcPayer, header: str) -> None:
    answer = client.pay({"X-PAYMENT": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "claim_invalid")


def test_an_order_that_cannot_be_read_is_refused_before_any_money_moves(
    scene: UsdcScene, client: UsdcPayer
) -> None:
    header, before = paying(scene, ask(scene)), scene.paid
    for path, body in ((BUY, {"credits": "one"}), (BUY, {"credits": 0}), (USE, {"name": 7})):
        assert client.pay(header, path, **body).status_code == 400
    assert scene.paid == before
