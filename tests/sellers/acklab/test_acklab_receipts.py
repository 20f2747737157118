"""Receipts of ACK Lab as evidence: one of a trusted issuer opens credits once, and nothing else opens any."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from paywall.clock import unix_now
from paywall.payments.forgetting import Forgetting
from shared.dialects.ack import claim_token
from shared.keys import SigningKey
from shared.tokens import jws
from tests.support.acklab import lab_papers
from tests.support.acklab.acklab_scene import AckLabScene, claims_of, open_acklab_scene


def test_a_receipt_of_the_trusted_issuer_opens_the_credits_and_only_once(scene: AckLabScene) -> None:
    token = scene.ordered()
    receipt = scene.receipt(scene.asked_there(token))
    first, again = scene.claim(token, receipt), scene.claim(token, receipt)
    assert (first.status_code, again.status_code) == (200, 200), first.text
    assert first.json()["receipt"] == again.json()["receipt"]
    assert first.json()["credits"]["available"] == 3
    assert len(scene.rows("SELECT * FROM credit_account")) == 1


def test_the_option_says_where_it_is_paid_and_in_what(scene: AckLabScene) -> None:
    (option,) = claims_of(scene.ordered())["paymentOptions"]
    assert option == {
        "id": "acklab",
        "amount": 300,
        "decimals": 2,
        "currency": "USD",
        "recipient": scene.lab.seller.did,
        "network": "acklab",
        "paymentService": scene.lab.url,
        "receiptService": "http://127.0.0.1:8402/api/payments",
    }


def test_another_spelling_or_a_second_receipt_of_one_payment_is_the_same_payment(scene: AckLabScene) -> None:
    """Its name is the request's issuer and id: neither a token's text nor a receipt's id names it."""
    token = scene.ordered()
    there = scene.asked_there(token)
    assert scene.claim(token, scene.receipt(there)).status_code == 200
    assert scene.claim(token, scene.receipt(there)).status_code == 200
    assert len(scene.rows("SELECT * FROM payment")) == 1


def test_a_receipt_for_one_order_opens_no_other(scene: AckLabScene) -> None:
    first, second = scene.ordered(), scene.ordered()
    receipt = scene.receipt(scene.asked_there(first))
    assert scene.claim(second, receipt).json()["code"] == "payment_mismatch"
    assert scene.claim(first, receipt).status_code == 200
    assert scene.claim(second, receipt).json()["code"] == "payment_already_used"


def refused(scene: AckLabScene, receipt: str, code: str, token: str) -> None:
    answer = scene.claim(token, receipt)
    assert answer.json()["code"] == code, answer.text
    assert scene.rows("SELECT * FROM credit_account") == []
    assert scene.rows("SELECT * FROM payment WHERE state <> 'surplus'") == []


def test_a_receipt_that_its_shower_signed_is_refused(scene: AckLabScene) -> None:
    token = scene.ordered()
    there = scene.asked_there(token)
    refused(scene, scene.receipt(there, key=scene.holder), "claim_invalid", token)
    # … and one that only says that it is of the trusted issuer
    named = scene.receipt(there, key=SigningKey.generate(), iss=scene.lab.issuer.public.did)
    refused(scene, named, "claim_invalid", token)
    refused(scene, scene.receipt(there, key=scene.lab.seller.key), "claim_invalid", token)


NOW = unix_now()
SPOILED: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": NOW - 5, "now": NOW - 100}, "claim_invalid"),
    "of the future": ({"now": NOW + 3600}, "claim_invalid"),
    "without a beginning": ({"nbf": None}, "claim_invalid"),
    "for an audience": ({"aud": "somebody"}, "claim_invalid"),
    "with a bare UUID": ({"jti": "0b8f4a52-8f0e-4d6e-9d3b-6a1f2c3d4e5f"}, "claim_invalid"),
    "without a payer": ({"sub": "nobody"}, "claim_invalid"),
    "for an option that was not asked for": ({"option_id": "usd-2"}, "claim_invalid"),
    "whose status nobody has asked": ({"vc": {"credentialStatus": {"id": "u#1"}}}, "claim_invalid"),
    "that is another credential": ({"vc": {"type": ["VerifiableCredential"]}}, "claim_invalid"),
    "whose metadata tell of less": ({"subject": {"metadata": {"amount": 1}}}, "payment_insufficient"),
    "whose metadata tell of fewer dollars": (
        {"subject": {"metadata": {"amount": "2.99"}}},
        "payment_insufficient",
    ),
    "whose metadata tell of euros": ({"subject": {"metadata": {"currency": "EUR"}}}, "claim_invalid"),
    "whose metadata tell of true": ({"subject": {"metadata": {"amount": True}}}, "claim_invalid"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_receipt_is_refused(name: str, scene: AckLabScene) -> None:
    changes, code = SPOILED[name]
    token = scene.ordered()
    refused(scene, scene.receipt(scene.asked_there(token), **changes), code, token)


def test_metadata_that_tell_of_the_price_are_no_hindrance(scene: AckLabScene) -> None:
    for amount in (300, "300", "3.00"):
        token = scene.ordered()
        told = {"metadata": {"amount": amount, "currency": "USD"}}
        assert scene.claim(token, scene.receipt(scene.asked_there(token), subject=told)).status_code == 200


#: a payment request that somebody else made under our id, and what is said of its receipt
MADE_ELSEWHERE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "of another agent": ({"amount": 300}, {}, "payment_mismatch"),
    "under another id": ({"amount": 300}, {"id": "other", "sub": "other"}, "payment_mismatch"),
    "whose sub is not its id": ({"amount": 300}, {"sub": "other"}, "claim_invalid"),
    "for less": ({"amount": 1}, {}, "payment_insufficient"),
    "in another currency": ({"amount": 300, "currency": "JPY"}, {}, "payment_mismatch"),
    "in tenths of cents": ({"amount": 300, "decimals": 3}, {}, "payment_mismatch"),
    "that pays somebody else": ({"amount": 300, "recipient": "did:key:zOther"}, {}, "payment_mismatch"),
    "whose receipts somebody else issues": (
        {"amount": 300, "receiptService": "did:web:other.example"},
        {},
        "claim_invalid",
    ),
}


@pytest.mark.parametrize("name", MADE_ELSEWHERE)
def test_a_genuine_receipt_for_a_request_that_is_not_ours_is_refused(name: str, scene: AckLabScene) -> None:
    option, claims, code = MADE_ELSEWHERE[name]
    token = scene.ordered()
    key = SigningKey.generate() if name == "of another agent" else scene.lab.seller.key
    asked = lab_papers.option(**{"recipient": scene.lab.seller.did, **option})
    there = lab_papers.payment_request(key, claims_of(token)["id"], [asked], unix_now(), **claims)
    refused(scene, scene.receipt(there), code, token)


def test_a_request_with_two_options_of_one_id_is_refused(scene: AckLabScene) -> None:
    token = scene.ordered()
    options = [lab_papers.option(amount, scene.lab.seller.did) for amount in (300, 1)]
    there = lab_papers.payment_request(scene.lab.seller.key, claims_of(token)["id"], options, unix_now())
    refused(scene, scene.receipt(there), "claim_invalid", token)


def test_what_was_paid_after_the_expiry_is_kept_for_a_person(tmp_path: Path) -> None:
    """By the issuer's clock, which may run ahead of ours a little."""
    with open_acklab_scene(tmp_path, seconds=20) as scene:
        token = scene.ordered()
        receipt = scene.receipt(scene.asked_there(token), now=claims_of(token)["exp"] + 1)
        assert scene.claim(token, receipt).json()["code"] == "paid_late"
        assert [tuple(row) for row in scene.rows("SELECT state, reason FROM payment")] == [
            ("surplus", "paid_late")
        ]
        assert scene.rows("SELECT * FROM credit_account") == []


def test_a_stranger_who_read_the_receipt_cannot_claim_it(scene: AckLabScene) -> None:
    token = scene.ordered()
    receipt = scene.receipt(scene.asked_there(token))
    assert scene.claim(token, receipt, by=SigningKey.generate()).json()["code"] == "claim_invalid"
    assert scene.claim(token, receipt).status_code == 200


def test_a_receipt_in_a_dialect_whose_payers_sign_nothing_is_refused(scene: AckLabScene) -> None:
    """Even of a payment that was claimed: x402's payer names request and option, and signs no claim."""
    token = scene.ordered()
    receipt = scene.receipt(scene.asked_there(token))
    assert scene.claim(token, receipt).status_code == 200
    reference = f"{claims_of(token)['id']}.{token.rpartition('.')[2]}"
    shown = {
        "x402Version": 2,
        "accepted": {
            "scheme": "exact",
            "network": "acklab",
            "amount": "300",
            "payTo": scene.lab.seller.did,
            "extra": {"paymentRequest": reference, "paymentOptionId": "acklab"},
        },
        "payload": {"receipt": receipt},
    }
    header = base64.b64encode(json.dumps(shown).encode()).decode()
    answer = scene.post("/api/images/buy", {"credits": 3}, {"PAYMENT-SIGNATURE": header})
    assert answer.status_code in {401, 402}
    assert b'receipt":"eyJ' not in answer.content


@pytest.mark.parametrize("shown", ["", "a.b.c", "eyJ", 7, None, ["x"], {"base64": "AAAA"}])
def test_junk_is_no_receipt(shown: Any, scene: AckLabScene) -> None:
    token = scene.ordered()
    payload = {"receipt": shown} if isinstance(shown, str) else {"receipt": "x", "other": json.dumps(shown)}
    answer = scene.claim(token, str(payload["receipt"]))
    assert answer.json()["code"] == "claim_invalid"


def test_the_receipt_is_stored_with_its_payment(scene: AckLabScene) -> None:
    token = scene.ordered()
    receipt = scene.receipt(scene.asked_there(token))
    assert scene.claim(token, receipt).status_code == 200
    ((state,),) = scene.rows("SELECT rail_state FROM payment")
    assert json.loads(state)["receipt"] == receipt


def test_our_receipt_names_the_payment_there(scene: AckLabScene) -> None:
    token = scene.ordered()
    answer = scene.claim(token, scene.receipt(scene.asked_there(token)))
    said = jws.unverified(answer.json()["receipt"])[1]["vc"]["credentialSubject"]["metadata"]
    assert said["network"] == "acklab"
    assert said["paymentRequest"] == f"{scene.lab.seller.did} {claims_of(token)['id']}"


def test_twenty_claims_of_one_receipt_at_once_open_one_account(scene: AckLabScene) -> None:
    token = scene.ordered()
    shown = scene.evidence(token, scene.receipt(scene.asked_there(token)))

    async def claimed(http: httpx.AsyncClient) -> httpx.Response:
        payload = claim_token(shown, scene.holder, now=unix_now())
        return await http.post("/api/payments", json={"payload": payload})

    async def all_at_once() -> list[httpx.Response]:
        async with scene.http() as http:
            return await asyncio.gather(*(claimed(http) for _ in range(20)))

    answers = scene.run(all_at_once())
    assert {answer.status_code for answer in answers} <= {200, 202, 409}
    assert len({answer.json()["receipt"] for answer in answers if answer.status_code == 200}) == 1
    assert len(scene.rows("SELECT * FROM credit_account")) == 1


def test_instructions_go_with_the_request_that_nobody_paid(scene: AckLabScene) -> None:
    unpaid, paid = scene.ordered(), scene.ordered()
    scene.asked_there(unpaid)
    assert scene.claim(paid, scene.receipt(scene.asked_there(paid))).status_code == 200
    later = unix_now() + 10**6
    scene.run(Forgetting(database=scene.parts.database, clock=lambda: later, kept=0).step())
    assert [tuple(row) for row in scene.rows("SELECT payment_request_id FROM payment_instructions")] == [
        (claims_of(paid)["id"],)
    ]
