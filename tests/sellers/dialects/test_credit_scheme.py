"""A use that is paid for with credits, in x402's words (`docs/credit-scheme.md`)."""

import asyncio
from typing import Any

import httpx
import pytest
from x402 import x402Client
from x402.http.clients.httpx import x402AsyncTransport

from shared.dialects.credit import network_of
from shared.tokens import dpop
from tests.sellers.dialects.x402_client import BUY, decoded, encoded
from tests.support.world.scenes.payment_scene import PaymentScene
from tests.support.world.seller import BASE

USE, LINCOLN = "/api/images/generate", {"name": "Abraham Lincoln"}


def entry(answer: httpx.Response) -> Any:
    """What asks for credits."""
    (found,) = [
        one for one in decoded(answer.headers["payment-required"])["accepts"] if one["scheme"] == "credit"
    ]
    return found


def ask(paying: PaymentScene) -> Any:
    return entry(paying.stage.run(paying.stage.seller.http.post(USE, json=LINCOLN)))


def header(accepted: Any, **payload: str) -> dict[str, str]:
    return {"PAYMENT-SIGNATURE": encoded({"x402Version": 2, "accepted": accepted, "payload": payload})}


def pay(paying: PaymentScene, headers: dict[str, str]) -> httpx.Response:
    return paying.stage.run(paying.stage.seller.http.post(USE, json=LINCOLN, headers=headers))


@pytest.fixture(scope="module")
def receipt(paying: PaymentScene) -> str:
    return paying.stage.run(paying.payer.receipt(3))


def test_a_402_of_a_use_asks_for_credits_too_and_one_that_sells_them_does_not(paying: PaymentScene) -> None:
    seller = paying.stage.seller
    assert ask(paying) == {
        "scheme": "credit",
        "network": network_of(seller.did),
        "amount": "1",
        "asset": "image-credit",
        "payTo": seller.did,
        "maxTimeoutSeconds": 900,
        "extra": {"holderProof": "dpop", "htm": "POST", "htu": BASE + USE},
    }
    bought = decoded(paying.stage.run(seller.http.post(BUY, json={"credits": 1})).headers["payment-required"])
    assert [one["scheme"] for one in bought["accepts"]] == ["exact"]


def test_its_holder_pays_with_a_credit_and_is_told_what_is_left(paying: PaymentScene, receipt: str) -> None:
    asked = ask(paying)
    shown = header(asked, receipt=receipt, proof=paying.payer.proof("POST", USE, receipt))
    answer = pay(paying, shown)
    told = decoded(answer.headers["payment-response"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (told["success"], told["network"]) == (True, asked["network"])
    assert told["transaction"] == answer.headers["redemption-id"]
    assert told["extra"] == {"creditsRemaining": int(answer.headers["credits-remaining"])}
    again = pay(paying, shown)
    assert (again.status_code, again.json()["code"]) == (
        401,
        "holder_proof_invalid",
    )  # each proof counts once


@pytest.mark.parametrize(
    ("payload", "status", "code"),
    [
        ({}, 401, "receipt_invalid"),
        ({"receipt": "a.b.c"}, 401, "receipt_invalid"),
        ({"receipt": "THE RECEIPT"}, 401, "holder_proof_required"),
        ({"receipt": "THE RECEIPT", "proof": "a.b.c"}, 401, "holder_proof_invalid"),
    ],
)
def test_what_does_not_hold_is_refused(
    paying: PaymentScene, receipt: str, payload: dict[str, str], status: int, code: str
) -> None:
    shown = {name: value.replace("THE RECEIPT", receipt) for name, value in payload.items()}
    answer = pay(paying, header(ask(paying), **shown))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_receipt_is_shown_in_one_place(paying: PaymentScene, receipt: str) -> None:
    shown = header(ask(paying), receipt=receipt, proof=paying.payer.proof("POST", USE, receipt))
    answer = pay(paying, shown | {"Authorization": f"Bearer {receipt}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


class Credits:
    """The scheme for the client of PyPI `x402`."""

    scheme = "credit"

    def __init__(self, paying: PaymentScene, receipt: str) -> None:
        self._paying = paying
        self._receipt = receipt

    def create_payment_payload(self, requirements: Any) -> dict[str, Any]:
        where = requirements.extra
        proof = dpop.make(
            self._paying.payer.key,
            method=where["htm"],
            url=where["htu"],
            now=self._paying.stage.seller.now(),
            jti="by the package's client",
            token=self._receipt,
        )
        return {"receipt": self._receipt, "proof": proof}


def test_the_client_of_pypi_pays_by_it_once_it_knows_the_scheme(paying: PaymentScene, receipt: str) -> None:
    client = x402Client().register(ask(paying)["network"], Credits(paying, receipt))
    client.set_spend_controls(
        {
            "allowed_assets": [
                {
                    "network": ask(paying)["network"],
                    "asset": "image-credit",
                    "max_amount_per_payment": "1",
                }
            ]
        }
    )
    inner = httpx.ASGITransport(paying.stage.seller.parts.app)

    async def story() -> httpx.Response:
        async with httpx.AsyncClient(transport=x402AsyncTransport(client, inner), base_url=BASE) as http:
            return await http.post(USE, json=LINCOLN)

    answer = paying.stage.run(asyncio.wait_for(story(), 30))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def test_who_has_none_left_is_asked_to_buy_or_to_show_others(paying: PaymentScene) -> None:
    spent = paying.stage.run(paying.payer.receipt(1))
    for _ in range(2):
        answer = pay(paying, header(ask(paying), receipt=spent, proof=paying.payer.proof("POST", USE, spent)))
    assert (answer.status_code, answer.json()["code"]) == (402, "credits_exhausted")
    assert entry(answer)["amount"] == "1"
