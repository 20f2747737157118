"""A payment by MPP where it was asked for, with PyPI `pympp` reading and writing its headers."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from mpp import Receipt
from mpp._canonical import canonical_b64url

from paywall.errors import PaywallError
from shared.tokens.prt import token_hash
from tests.sellers.dialects.mpp_client import BUY, Client
from tests.support.world.scenes.payment_scene import PaymentScene
from tests.support.world.seller import NETWORK

USE, LINCOLN = "/api/images/generate", {"name": "Abraham Lincoln"}
AT_ONCE = 20


@pytest.fixture
def client(paying: PaymentScene) -> Client:
    return Client(paying)


def test_a_402_asks_by_mpp_for_the_request_that_is_stored(paying: PaymentScene) -> None:
    answer = paying.stage.run(paying.stage.seller.http.post(BUY, json={"credits": 3}))
    (line,) = answer.headers.get_list("www-authenticate")
    option = paying.payer.option(answer.text)
    assert line.startswith("Payment id=")
    asked = Client(paying).ask()
    assert (asked.method, asked.intent) == ("cardano", "charge")
    assert asked.request["methodDetails"] == {"network": NETWORK, "confirmations": 2}
    assert asked.request["recipient"] == option.recipient
    assert f'"{token_hash(answer.text).hex()}"' not in line  # it stands in the request, in base64url


def test_who_pays_is_told_to_wait_and_then_has_the_receipt(paying: PaymentScene, client: Client) -> None:
    asked = client.ask()
    header = client.header(asked, client.transaction(asked))
    waits = client.pay(header)
    assert (waits.status_code, waits.json()["code"], waits.headers["retry-after"]) == (
        409,
        "payment_pending",
        "1",
    )
    assert not {"payment-receipt", "www-authenticate"} & set(waits.headers)
    paying.devnet.blocks(2)
    paid = client.pay(header)
    receipt = Receipt.from_payment_receipt(paid.headers["payment-receipt"])
    assert (paid.status_code, receipt.status, receipt.method) == (200, "success", "cardano")
    assert receipt.reference == waits.json()["transaction"]
    assert paid.json()["credits"]["available"] == 1
    used = paying.stage.run(
        paying.stage.seller.http.post(
            USE, json=LINCOLN, headers={"Authorization": f"Bearer {paid.json()['receipt']}"}
        )
    )
    assert used.status_code == 200


def test_a_use_is_paid_for_where_it_is_asked_for_and_once(paying: PaymentScene, client: Client) -> None:
    asked = client.ask(USE, **LINCOLN)
    header = client.header(asked, client.transaction(asked))
    assert client.pay(header, USE, **LINCOLN).status_code == 409
    paying.devnet.blocks(2)
    before = len(paying.stage.ledger()["redemption"])

    async def all_at_once() -> list[httpx.Response]:
        return await asyncio.gather(*(client.send(header, USE, **LINCOLN) for _ in range(AT_ONCE)))

    answers = paying.stage.run(all_at_once())
    delivered = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in delivered}) == 1
    assert all("payment-receipt" in answer.headers for answer in delivered)
    assert len(paying.stage.ledger()["redemption"]) - before == 1


def test_a_use_that_fails_behind_its_payment_leaves_the_receipt_in_the_body(
    paying: PaymentScene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = client.ask(USE, **LINCOLN)
    header = client.header(asked, client.transaction(asked))
    assert client.pay(header, USE, **LINCOLN).status_code == 409
    paying.devnet.blocks(2)
    (room,) = paying.stage.seller.parts._adapters.resources

    async def fails(_order: object) -> object:
        raise room.failed("The printer is out of ink.")

    with monkeypatch.context() as broken:
        broken.setattr(room.fulfilment, "perform", fails)
        answer = client.pay(header, USE, **LINCOLN)
    assert issubclass(room.failed, PaywallError)
    assert (answer.status_code, answer.json()["code"]) == (room.failed.status, room.failed.code)
    assert "payment-receipt" not in answer.headers  # the draft has it on success alone
    held = paying.stage.run(
        paying.stage.seller.http.get(
            "/api/credits", headers={"Authorization": f"Bearer {answer.json()['receipt']}"}
        )
    )
    assert held.json()["available"] == 1


def test_a_transaction_that_names_nothing_or_another_pays_nothing(
    paying: PaymentScene, client: Client
) -> None:
    asked = client.ask()
    for raw in (client.transaction(asked, metadata=None), client.transaction(client.ask())):
        header = client.header(asked, raw)
        answer = paying.stage.refused(lambda header=header: client.send(header), 402, "payment_mismatch")  # type: ignore[misc]
        assert answer.json()["type"] == "https://paymentauth.org/problems/verification-failed"
        assert answer.headers["www-authenticate"].startswith(f'Payment id="{asked.id}"')
        assert not paying.submitted(raw)


def test_what_was_changed_in_the_challenge_is_refused(paying: PaymentScene, client: Client) -> None:
    asked = client.ask()
    raw = client.transaction(asked)
    other = client.ask()
    for changed in (
        replace(asked, request_b64=canonical_b64url(asked.request | {"amount": "1"})),
        replace(asked, request_b64=canonical_b64url(asked.request | {"recipient": "addr_test1"})),
        replace(asked, id=asked.id.replace(".cardano", ".usdc")),
        replace(asked, id=f"{other.id.partition('.')[0]}.{asked.id.partition('.')[2]}"),
    ):
        header = client.header(changed, raw)
        paying.stage.refused(lambda header=header: client.send(header), 401, "claim_invalid")  # type: ignore[misc]
    assert not paying.submitted(raw)
