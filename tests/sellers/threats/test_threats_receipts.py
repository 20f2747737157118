"""Receipts that are forged, stolen, replayed or for something else.

Threats of `reference/reliability.md` under "Receipts"; `test_threats_paths.py` has those of paths and hosts.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from shared.keys import SigningKey
from shared.tokens import jws
from tests.support.world.scenes.scene import GENERATE, NEW_REQUEST, THIEF, Scene
from tests.support.world.seller import BASE

Claims = dict[str, Any]


def _subject(receipt: Claims) -> Claims:
    subject: Claims = receipt["vc"]["credentialSubject"]
    return subject


def _with_request(receipt: Claims, token: str) -> Claims:
    return {
        **receipt,
        "vc": {**receipt["vc"], "credentialSubject": {**_subject(receipt), "paymentRequestToken": token}},
    }


def _request_changed(scene: Scene, key: SigningKey | None = None, **changes: Any) -> str:
    """A receipt, signed by the seller, for a payment request with changes that `key` signed."""
    receipt = jws.unverified(scene.bearer)[1]
    request = {**jws.unverified(_subject(receipt)["paymentRequestToken"])[1], **changes}
    return jws.sign(_with_request(receipt, jws.sign(request, key or scene.stage.key)), scene.stage.key)


def _self_signed(scene: Scene) -> str:
    return jws.sign({**jws.unverified(scene.bearer)[1], "iss": THIEF.public.did}, THIEF)


def _in_the_sellers_name(scene: Scene) -> str:
    return jws.sign(jws.unverified(scene.bearer)[1], THIEF)


def _of_another_seller(scene: Scene) -> str:
    return _request_changed(scene, THIEF, iss=THIEF.public.did)


def _of_another_product(scene: Scene) -> str:
    receipt = jws.unverified(scene.bearer)[1]
    order = jws.unverified(_subject(receipt)["paymentRequestToken"])[1]["order"]
    return _request_changed(scene, order={**order, "product": "video-credit"})


def _option_not_offered(scene: Scene) -> str:
    receipt = jws.unverified(scene.bearer)[1]
    credential = {**receipt["vc"], "credentialSubject": {**_subject(receipt), "paymentOptionId": "stripe"}}
    return jws.sign({**receipt, "vc": credential}, scene.stage.key)


def _sub_is_not_id(scene: Scene) -> str:
    return _request_changed(scene, sub=str(uuid.uuid4()))


def _amount_changed(scene: Scene) -> str:
    """The request's signature is left as it was."""
    receipt = jws.unverified(scene.bearer)[1]
    token = _subject(receipt)["paymentRequestToken"]
    payload = jws.unverified(token)[1]
    cheap = {**payload, "paymentOptions": [{**payload["paymentOptions"][0], "amount": 1}]}
    forged = jws.signing_input(cheap).decode() + token[token.rindex(".") :]
    return jws.sign(_with_request(receipt, forged), scene.stage.key)


def _request_by_the_thief(scene: Scene) -> str:
    return _request_changed(scene, THIEF)


def _two_options_of_one_id(scene: Scene) -> str:
    receipt = jws.unverified(scene.bearer)[1]
    options = jws.unverified(_subject(receipt)["paymentRequestToken"])[1]["paymentOptions"]
    return _request_changed(scene, paymentOptions=options * 2)


def _that_opened_nothing(scene: Scene) -> str:
    return jws.sign({**jws.unverified(scene.bearer)[1], "jti": f"urn:uuid:{uuid.uuid4()}"}, scene.stage.key)


FORGED: dict[str, tuple[Callable[[Scene], str], int, str]] = {
    "signed by who shows it": (_self_signed, 401, "receipt_invalid"),
    "signed by another in the seller's name": (_in_the_sellers_name, 401, "receipt_invalid"),
    "for another seller": (_of_another_seller, 403, "receipt_wrong_product"),
    "for another product": (_of_another_product, 403, "receipt_wrong_product"),
    "for an option that was not offered": (_option_not_offered, 401, "receipt_invalid"),
    "for a request whose sub is not its id": (_sub_is_not_id, 401, "receipt_invalid"),
    "for a request whose amount was changed": (_amount_changed, 401, "receipt_invalid"),
    "for a request that a thief signed": (_request_by_the_thief, 401, "receipt_invalid"),
    "for a request with two options of one id": (_two_options_of_one_id, 401, "receipt_invalid"),
    "that opened no credits": (_that_opened_nothing, 401, "receipt_invalid"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_receipt_buys_nothing(scene: Scene, name: str) -> None:
    forge, status, code = FORGED[name]
    token = forge(scene)
    shown = {"Authorization": f"Bearer {token}"}
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=shown), status, code)
    scene.stage.refused(lambda: scene.http.post(GENERATE, json={"receipt": token}), status, code)


Headers = Mapping[str, str] | list[tuple[str, str]]
#: who shows the bound receipt, and how; each must be refused
STOLEN: dict[str, tuple[Callable[[Scene], Headers], str]] = {
    "as a bearer token": (lambda s: {"Authorization": f"Bearer {s.bound}"}, "holder_proof_required"),
    "without a proof": (lambda s: {"Authorization": f"DPoP {s.bound}"}, "holder_proof_required"),
    "with an empty proof": (lambda s: s.dpop(""), "holder_proof_invalid"),
    "with the thief's proof": (lambda s: s.dpop(s.proof(THIEF, token=s.bound)), "holder_proof_invalid"),
    "with a proof for another path": (
        lambda s: s.dpop(s.proof(token=s.bound, url=BASE + "/api/credits")),
        "holder_proof_invalid",
    ),
    "with a proof for another host": (
        lambda s: s.dpop(s.proof(token=s.bound, url="http://evil.example" + GENERATE)),
        "holder_proof_invalid",
    ),
    "with a proof for another port": (
        lambda s: s.dpop(s.proof(token=s.bound, url="http://127.0.0.1:8403" + GENERATE)),
        "holder_proof_invalid",
    ),
    "with a proof for a host that begins like ours": (
        lambda s: s.dpop(s.proof(token=s.bound, url=BASE + "@evil.example" + GENERATE)),
        "holder_proof_invalid",
    ),
    "with a proof for another method": (
        lambda s: s.dpop(s.proof(token=s.bound, method="GET")),
        "holder_proof_invalid",
    ),
    "with a proof for another receipt": (
        lambda s: s.dpop(s.proof(token=s.bearer)),
        "holder_proof_invalid",
    ),
    "with a proof for no receipt": (lambda s: s.dpop(s.proof(token=None)), "holder_proof_invalid"),
    "with a forged Host and a proof for it": (
        lambda s: {
            **s.dpop(s.proof(token=s.bound, url="http://evil.example" + GENERATE)),
            "Host": "evil.example",
            "X-Forwarded-Host": "evil.example",
            "Forwarded": "host=evil.example",
        },
        "holder_proof_invalid",
    ),
    "with two proofs": (
        lambda s: [*s.dpop(s.proof(token=s.bound)).items(), ("DPoP", s.proof(token=s.bound))],
        "holder_proof_invalid",
    ),
    "in another scheme": (lambda s: {"Authorization": f"Basic {s.bound}"}, "receipt_invalid"),
}


@pytest.mark.parametrize("name", STOLEN)
def test_a_stolen_receipt_is_worth_nothing(scene: Scene, name: str) -> None:
    show, code = STOLEN[name]
    headers = show(scene)
    answer = scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 401, code)
    assert scene.bound not in answer.text


def test_a_bound_receipt_in_the_body_is_refused(scene: Scene) -> None:
    scene.stage.refused(
        lambda: scene.http.post(GENERATE, json={"receipt": scene.bound}), 401, "holder_proof_required"
    )


def test_a_receipt_in_two_places_is_refused(scene: Scene) -> None:
    shown = {"Authorization": f"Bearer {scene.bearer}"}
    scene.stage.refused(
        lambda: scene.http.post(GENERATE, json={"receipt": scene.bearer}, headers=shown), 400, "bad_request"
    )


def test_a_holder_proof_counts_once(scene: Scene) -> None:
    headers = scene.payer.headers(scene.bound)
    assert scene.stage.run(scene.http.post(GENERATE, headers=headers)).status_code == 200
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 401, "holder_proof_invalid")
    other_key = {**headers, "Idempotency-Key": "another"}
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=other_key), 401, "holder_proof_invalid")
    reading = scene.payer.headers(scene.bound, "/api/credits", "GET")
    assert scene.stage.run(scene.http.get("/api/credits", headers=reading)).status_code == 200
    scene.stage.refused(lambda: scene.http.get("/api/credits", headers=reading), 401, "holder_proof_invalid")


def test_the_same_key_gives_the_same_answer_and_one_effect(scene: Scene) -> None:
    body = {"prompt": "a lighthouse"}
    first = scene.stage.run(scene.payer.generate(scene.bound, body, key="replayed"))
    assert first.status_code == 200
    before = scene.stage.ledger()
    for _ in range(5):
        again = scene.stage.run(scene.payer.generate(scene.bound, body, key="replayed"))
        assert (again.status_code, again.json()) == (200, first.json())
    assert scene.stage.ledger() == before


def test_without_a_receipt_the_answer_is_a_request_to_pay(scene: Scene) -> None:
    answer = scene.stage.refused(lambda: scene.http.post(GENERATE), 402, "payment_required", NEW_REQUEST)
    assert jws.unverified(answer.json()["paymentRequestToken"])[1] == answer.json()["paymentRequest"]


def test_a_receipt_that_is_used_up_is_asked_to_pay_again(scene: Scene) -> None:
    spent = scene.stage.run(scene.payer.receipt(1))
    assert scene.stage.run(scene.payer.generate(spent)).status_code == 200
    headers = scene.payer.headers(spent)
    scene.stage.refused(
        lambda: scene.http.post(GENERATE, headers=headers), 402, "credits_exhausted", NEW_REQUEST
    )
