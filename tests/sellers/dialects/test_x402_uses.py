"""A use that is paid for in the same request, by x402: the delivery at once, and one for each payment."""

import asyncio

import httpx
import pytest

from paywall.errors import PaywallError
from tests.sellers.dialects.x402_client import Client, decoded
from tests.support.world.scenes.payment_scene import PaymentScene

USE, LINCOLN = "/api/images/generate", {"name": "Abraham Lincoln"}
AT_ONCE = 20


def paid_header(paying: PaymentScene, client: Client) -> dict[str, str]:
    """A payment of one use, which is final."""
    header = client.header(client.ask(USE, **LINCOLN), client.transaction())
    waits = client.pay(header, USE, **LINCOLN)
    assert (waits.status_code, waits.json()["code"]) == (409, "payment_pending")
    paying.devnet.blocks(2)
    return header


def redemptions(paying: PaymentScene) -> int:
    return len(paying.stage.ledger()["redemption"])


def test_the_delivery_comes_at_once_with_the_receipt_and_again_for_the_same_payment(
    paying: PaymentScene, client: Client
) -> None:
    header, before = paid_header(paying, client), redemptions(paying)
    answer = client.pay(header, USE, **LINCOLN)
    told = decoded(answer.headers["payment-response"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (told["success"], answer.headers["credits-remaining"]) == (True, "0")
    assert told["extensions"]["offer-receipt"]["info"]["receipt"]["signature"].count(".") == 2
    again = client.pay(header, USE, **LINCOLN)
    assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")
    assert redemptions(paying) - before == 1


def test_twenty_copies_of_a_paid_request_are_one_use(paying: PaymentScene, client: Client) -> None:
    header, before = paid_header(paying, client), redemptions(paying)

    async def all_at_once() -> list[httpx.Response]:
        return await asyncio.gather(*(client.send(header, USE, **LINCOLN) for _ in range(AT_ONCE)))

    answers = paying.stage.run(all_at_once())
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert redemptions(paying) - before == 1


def test_a_payment_pays_one_use_whatever_else_is_asked_with_it(paying: PaymentScene, client: Client) -> None:
    header = paid_header(paying, client)
    assert client.pay(header, USE, **LINCOLN).status_code == 200
    other = client.pay(header, USE, name="James Monroe")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("body", [{"name": "Nobody at all"}, {"name": 7}])
def test_what_cannot_be_asked_for_is_refused_before_any_money_moves(
    paying: PaymentScene, client: Client, body: dict[str, object]
) -> None:
    raw = client.transaction()
    header = client.header(client.ask(USE, **LINCOLN), raw)
    answer = paying.stage.refused(lambda: client.send(header, USE, **body), 400, "bad_request")
    assert "payment-response" not in answer.headers
    assert not paying.submitted(raw)


def test_a_use_that_fails_behind_its_payment_leaves_the_receipt_with_its_credit(
    paying: PaymentScene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = paid_header(paying, client)
    (room,) = paying.stage.seller.parts._adapters.resources

    async def fails(_order: object) -> object:
        raise room.failed("The printer is out of ink.")

    with monkeypatch.context() as broken:
        broken.setattr(room.fulfilment, "perform", fails)
        answer = client.pay(header, USE, **LINCOLN)
    assert issubclass(room.failed, PaywallError)
    assert (answer.status_code, answer.json()["code"]) == (room.failed.status, room.failed.code)
    told = decoded(answer.headers["payment-response"])
    receipt = told["extensions"]["offer-receipt"]["info"]["receipt"]["signature"]
    held = paying.stage.run(
        paying.stage.seller.http.get("/api/credits", headers={"Authorization": f"Bearer {receipt}"})
    )
    assert (told["success"], held.json()["available"]) == (True, 1)
    assert client.pay(header, USE, **LINCOLN).status_code == 200


def test_a_holders_receipt_is_used_by_his_proof_alone(paying: PaymentScene, client: Client) -> None:
    header = client.header(client.ask(credits=1, holder=paying.payer.did), client.transaction())
    assert client.pay(header, credits=1).status_code == 409
    paying.devnet.blocks(2)
    answer = client.pay(header, USE, **LINCOLN)
    assert (answer.status_code, answer.json()["code"]) == (401, "holder_proof_required")
