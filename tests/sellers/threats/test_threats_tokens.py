"""Tokens that are malformed, forged or confused: refused with 401, at the price of nothing.

Each threat of `reference/reliability.md` under "Tokens", against every place where the seller reads a token.
"""

import uuid
from dataclasses import replace
from typing import Any

import pytest

from shared.dialects.ack import MAX_CLAIM_BYTES
from shared.tokens import jws, prt, receipt
from shared.tokens.jws import PROOF_TYPE
from tests.conformance.attacks import Target, attacks
from tests.conformance.samples import HOLDER_KEY, RECEIPT, REQUEST, SELLER_KEY
from tests.support.world.scenes.scene import GENERATE, THIEF, Scene
from tests.support.world.seller import BASE

MEGABYTES = 5 * 2**20


def test_the_good_tokens_are_taken(scene: Scene) -> None:
    bearer = {"Authorization": f"Bearer {scene.bearer}"}
    assert scene.stage.run(scene.http.get("/api/credits", headers=bearer)).status_code == 200
    bound = scene.payer.headers(scene.bound, "/api/credits", "GET")
    assert scene.stage.run(scene.http.get("/api/credits", headers=bound)).status_code == 200


RECEIPT_TARGET = Target(receipt.claims(RECEIPT), SELLER_KEY)


@pytest.mark.parametrize("description", [attack.description for attack in attacks(RECEIPT_TARGET)])
def test_a_spoiled_receipt_is_refused(scene: Scene, description: str) -> None:
    token = spoiled(Target(jws.unverified(scene.bearer)[1], scene.stage.key), description)
    shown = {b"Authorization": b"Bearer " + token.encode()}
    expected = (431, "headers_too_large") if len(token) > jws.MAX_BYTES else (401, "receipt_invalid")
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=shown), *expected)
    scene.stage.refused(lambda: scene.http.get("/api/credits", headers=shown), *expected)
    scene.stage.refused(lambda: scene.http.post(GENERATE, json={"receipt": token}), 401, "receipt_invalid")


CLAIM_TARGET = Target({"iss": "", "y": 1}, HOLDER_KEY, max_bytes=MAX_CLAIM_BYTES)


@pytest.mark.parametrize("description", [attack.description for attack in attacks(CLAIM_TARGET)])
def test_a_spoiled_claim_is_refused(scene: Scene, description: str) -> None:
    claims = scene.claims(scene.stage.run(scene.payer.buy(1)))
    target = Target(claims, scene.payer.key, max_bytes=MAX_CLAIM_BYTES)
    token = spoiled(target, description)
    expected = (413, "body_too_large") if description == "too long" else (401, "claim_invalid")
    scene.stage.refused(lambda: scene.stage.seller.claim(token), *expected)


REQUEST_TARGET = Target(prt.claims(REQUEST), SELLER_KEY)


@pytest.mark.parametrize("description", [attack.description for attack in attacks(REQUEST_TARGET)])
def test_a_claim_of_a_spoiled_payment_request_is_refused(scene: Scene, description: str) -> None:
    good = scene.stage.run(scene.payer.buy(1))
    token = spoiled(Target(jws.unverified(good)[1], scene.stage.key), description)
    claim = jws.sign(scene.claims(token), scene.payer.key)
    scene.stage.refused(lambda: scene.stage.seller.claim(claim), 401, "claim_invalid")


PROOF_TARGET = Target(
    {"jti": "1", "y": 1}, HOLDER_KEY, PROOF_TYPE, {"jwk": HOLDER_KEY.public.jwk}, "jti", 2048
)


@pytest.mark.parametrize("description", [attack.description for attack in attacks(PROOF_TARGET)])
def test_a_spoiled_holder_proof_is_refused(scene: Scene, description: str) -> None:
    header, payload = jws.unverified(scene.payer.proof("POST", GENERATE, scene.bound))
    target = Target(payload, scene.payer.key, PROOF_TYPE, {"jwk": header["jwk"]}, "jti", 2048)
    headers = {
        b"Authorization": f"DPoP {scene.bound}".encode(),
        b"DPoP": spoiled(target, description).encode(),
    }
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 401, "holder_proof_invalid")


#: what is changed in a receipt that the seller's own key then signs (seconds are added to now); None: left out
WRONG_RECEIPTS: dict[str, dict[str, Any]] = {
    "without exp": {"exp": None},
    "with a float for exp": {"exp": 4e9},
    "with text for exp": {"exp": "4000000000"},
    "expired by a second": {"exp": -1},
    "not valid for 90 seconds more": {"nbf": 90},
    "without nbf": {"nbf": None},
    "with the seller for an audience": {"aud": "did:key:z6Mk"},
    "with an extra audience": {"aud": ["did:key:z6Mk", "https://other.example"]},
    "without jti": {"jti": None},
    "with a bare UUID for jti": {"jti": str(uuid.UUID(int=7))},
    "without an issuer": {"iss": None},
    "without a credential": {"vc": None},
    "with an empty binding": {"cnf": {}},
}


@pytest.mark.parametrize("name", WRONG_RECEIPTS)
def test_a_receipt_with_wrong_claims_is_refused(scene: Scene, name: str) -> None:
    token = jws.sign(changed(scene, jws.unverified(scene.bearer)[1], WRONG_RECEIPTS[name]), scene.stage.key)
    shown = {"Authorization": f"Bearer {token}"}
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=shown), 401, "receipt_invalid")


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "without iat": {"iat": None},
    "issued 90 seconds from now": {"iat": 90},
    "issued more than ten minutes ago": {"iat": -601, "exp": None},
    "expired by a second": {"exp": -1},
    "with NaN's neighbour for exp": {"exp": 1e308},
    "with an audience": {"aud": "did:key:z6Mk"},
    "in another's name": {"payerDid": THIEF.public.did},
    "issued by another": {"iss": THIEF.public.did},
    "by a payer whose key is a web page": {"payerDid": "did:web:payer.example"},
    "without metadata": {"metadata": None},
    "with both proofs": {
        "metadata": {"network": "cardano:devnet", "txHash": "ab" * 32, "transaction": "gA=="}
    },
    "with neither proof": {"metadata": {"network": "cardano:devnet"}},
    "with a path for a hash": {"metadata": {"network": "cardano:devnet", "txHash": "../" * 21 + "x"}},
    "with a hash in capitals": {"metadata": {"network": "cardano:devnet", "txHash": "AB" * 32}},
    "with bytes that are no base64": {"metadata": {"network": "cardano:devnet", "transaction": "!"}},
    "with an array for a network": {"metadata": {"network": ["cardano:devnet"], "txHash": "ab" * 32}},
    "with a number for a token": {"paymentRequestToken": 7},
    "without an option": {"paymentOptionId": None},
}


@pytest.mark.parametrize("name", WRONG_CLAIMS)
def test_a_claim_with_wrong_claims_is_refused(scene: Scene, name: str) -> None:
    token = scene.stage.run(scene.payer.buy(1))
    claim = jws.sign(changed(scene, scene.claims(token), WRONG_CLAIMS[name]), scene.payer.key)
    scene.stage.refused(lambda: scene.stage.seller.claim(claim), 401, "claim_invalid")


WRONG_PROOFS: dict[str, dict[str, Any]] = {
    "made 90 seconds ago": {"iat": -90},
    "made 90 seconds from now": {"iat": 90},
    "without a time": {"iat": None},
    "with a float for a time": {"iat": 1.5},
    "without jti": {"jti": None},
    "with a jti of 129 characters": {"jti": "j" * 129},
    "without a method": {"htm": None},
    "without a URL": {"htu": None},
    "with an array of URLs": {"htu": [BASE + GENERATE]},
}


@pytest.mark.parametrize("name", WRONG_PROOFS)
def test_a_holder_proof_with_wrong_claims_is_refused(scene: Scene, name: str) -> None:
    header, payload = jws.unverified(scene.payer.proof("POST", GENERATE, scene.bound))
    proof = jws.sign(
        changed(scene, payload, WRONG_PROOFS[name]),
        scene.payer.key,
        typ=PROOF_TYPE,
        header={"jwk": header["jwk"]},
    )
    headers = {"Authorization": f"DPoP {scene.bound}", "DPoP": proof}
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 401, "holder_proof_invalid")


def test_one_kind_of_token_is_never_taken_for_another(scene: Scene) -> None:
    request = scene.stage.run(scene.payer.buy(1))
    claim = scene.payer.claim(request, tx_hash="ab" * 32)
    proof = scene.payer.proof("POST", GENERATE, scene.bound)
    for token in (request, claim, proof):
        shown = {"Authorization": f"Bearer {token}"}
        scene.stage.refused(lambda: scene.http.post(GENERATE, headers=shown), 401, "receipt_invalid")  # noqa: B023  called at once
    for token in (request, scene.bound, proof):
        scene.stage.refused(lambda: scene.stage.seller.claim(token), 401, "claim_invalid")  # noqa: B023  called at once
    for token in (request, scene.bound, claim):
        headers = {"Authorization": f"DPoP {scene.bound}", "DPoP": token}
        scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 401, "holder_proof_invalid")  # noqa: B023  called at once


def test_a_token_of_five_megabytes_is_not_even_read(scene: Scene) -> None:
    huge = "e" * MEGABYTES
    for headers in (
        {"Authorization": f"Bearer {huge}"},
        {"Authorization": f"DPoP {huge}", "DPoP": "e"},
        {"Authorization": f"DPoP {scene.bound}", "DPoP": huge},
    ):
        scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 431, "headers_too_large")  # noqa: B023  called at once
    scene.stage.refused(lambda: scene.http.post(GENERATE, json={"receipt": huge}), 413, "body_too_large")
    scene.stage.refused(lambda: scene.stage.seller.claim(huge), 413, "body_too_large")


def test_an_escaped_lone_surrogate_is_a_bad_request_and_never_a_fault(scene: Scene) -> None:
    for path, member in ((GENERATE, "receipt"), (GENERATE, "prompt"), ("/api/payments", "payload")):
        body = f'{{"{member}": "\\ud800"}}'
        scene.stage.refused(lambda: scene.http.post(path, content=body), 400, "not_json")  # noqa: B023  called at once


def spoiled(target: Target, description: str) -> str:
    # A token with neither "-" nor "_" is spelled the same in plain base64: no attack.
    padded = (replace(target, payload={**target.payload, "pad": number}) for number in range(100))
    fit = next(target for target in padded if {"-", "_"} & set(target.token))
    return next(attack.token for attack in attacks(fit) if attack.description == description)


def changed(scene: Scene, payload: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`payload` with `changes`: whole numbers of the time claims count from now, None leaves a claim out."""
    moved = {
        name: scene.now + value if name in {"exp", "nbf", "iat"} and type(value) is int else value
        for name, value in changes.items()
    }
    return {name: value for name, value in {**payload, **moved}.items() if value is not None}
