"""The payment request at ACK Lab: made when its payer asks for it, once, under our id, and handed out again."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.acklab.ack_lab import LabFault
from tests.support.acklab.acklab_scene import AckLabScene, claims_of, open_acklab_scene


def test_a_402_asks_nobody(scene: AckLabScene) -> None:
    scene.lab.fault = "broken"
    scene.ordered()
    assert not scene.lab.reached.is_set()


def test_the_request_there_has_our_id_our_price_and_our_agent(scene: AckLabScene) -> None:
    token = scene.ordered()
    answer = scene.instructions(token)
    assert answer.status_code == 200
    body = answer.json()
    there = claims_of(body["payload"]["paymentRequestToken"])
    assert (body["payment_option_id"], body["expires_at"]) == ("acklab", there["exp"])
    assert body["payload"]["url"] == f"{scene.lab.url}/pay/{claims_of(token)['id']}"
    assert (there["id"], there["iss"]) == (claims_of(token)["id"], scene.lab.seller.did)
    (option,) = there["paymentOptions"]
    assert (option["amount"], option["currency"], option["recipient"]) == (300, "USD", scene.lab.seller.did)


def test_a_repeat_gives_the_same_and_twenty_at_once_make_one(scene: AckLabScene) -> None:
    token = scene.ordered()
    body = {"payment_request_token": token, "payment_option_id": "acklab"}
    path = f"/api/payment-requests/{claims_of(token)['id']}/instructions"

    async def all_at_once() -> list[Any]:
        async with scene.http() as http:
            return [
                answer.json()
                for answer in await asyncio.gather(*(http.post(path, json=body) for _ in range(20)))
            ]

    told = scene.run(all_at_once())
    assert told == [told[0]] * 20
    scene.lab.fault = "broken"  # nobody is asked any more
    assert scene.instructions(token).json() == told[0]
    assert scene.lab.calls == ["payment-requests"]


@pytest.mark.parametrize("fault", ["broken", "junk", "refused", "lost"])
def test_while_it_does_not_answer_nothing_is_kept_and_the_next_call_goes_on(
    fault: LabFault, scene: AckLabScene
) -> None:
    token = scene.ordered()
    scene.lab.fault = fault
    refused = scene.instructions(token)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert scene.lab.seller.secret not in refused.text
    assert scene.rows("SELECT * FROM payment_instructions") == []
    scene.lab.fault = ""
    assert scene.instructions(token).status_code == 200


def test_one_that_hangs_holds_up_its_asker_alone(scene: AckLabScene) -> None:
    token = scene.ordered()
    scene.lab.fault = "hang"
    path = f"/api/payment-requests/{claims_of(token)['id']}/instructions"

    async def story() -> tuple[int, int]:
        async with scene.http() as http:
            body = {"payment_request_token": token, "payment_option_id": "acklab"}
            asked = asyncio.create_task(http.post(path, json=body))
            await asyncio.to_thread(scene.lab.reached.wait)
            other: httpx.Response = await http.get("/api/catalog")
            scene.lab.let_go.set()
            return other.status_code, (await asked).status_code

    assert scene.run(story()) == (200, 503)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"id": "other", "sub": "other"},
        {"iss": "did:key:zOther"},
        {"sub": "other"},
        {"paymentOptions": []},
        {"paymentOptions": [{"id": "a", "amount": 1, "decimals": 2, "currency": "USD", "recipient": "x"}]},
        {"aud": "somebody"},
    ],
)
def test_another_request_than_the_one_that_was_wanted_is_not_handed_out(
    spoiled: dict[str, Any], scene: AckLabScene
) -> None:
    token = scene.ordered()
    scene.lab.spoiled = spoiled
    assert scene.instructions(token).status_code == 503
    assert scene.rows("SELECT * FROM payment_instructions") == []


def test_who_does_not_know_the_token_is_told_nothing(scene: AckLabScene) -> None:
    token, other = scene.ordered(), scene.ordered()
    for wrong in (token[:-4] + "AAAA", "x", scene.asked_elsewhere(token)):
        assert scene.instructions(token, payment_request_token=wrong).json()["code"] == "claim_invalid"
    assert scene.instructions(token, payment_request_token=other).json()["code"] == "not_found"
    assert scene.instructions(token, payment_option_id="cardano").json()["code"] == "bad_request"
    assert scene.lab.calls == []


def test_a_body_that_lacks_something_is_a_bad_request(scene: AckLabScene) -> None:
    path = f"/api/payment-requests/{claims_of(scene.ordered())['id']}/instructions"
    bodies: tuple[Any, ...] = ({}, {"payment_request_token": 7, "payment_option_id": "acklab"}, [], "x")
    for body in bodies:
        assert scene.post(path, body).status_code == 400


def test_what_is_paid_or_expired_is_not_asked_for_again(tmp_path: Path) -> None:
    with open_acklab_scene(tmp_path) as scene:
        token = scene.ordered()
        assert scene.claim(token, scene.receipt(scene.asked_there(token))).status_code == 200
        assert scene.instructions(token).json()["code"] == "payment_request_paid"


def test_a_wrong_secret_makes_no_requests_and_is_not_told(tmp_path: Path) -> None:
    with open_acklab_scene(tmp_path, acklab_client_secret="c3" * 32) as scene:
        answer = scene.instructions(scene.ordered())
        assert (answer.status_code, scene.lab.calls) == (503, [])
        assert "c3c3" not in answer.text
