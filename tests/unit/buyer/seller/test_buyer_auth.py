"""The holder's proof as a generator over requests: no network needed to see what it sends."""

import httpx

from buyer.seller.holder_auth import HolderAuth
from shared.keys import SigningKey
from shared.tokens import dpop

KEY = SigningKey.from_seed(b"k" * 32)
NOW = 1_800_000_000


def shown(token: str | None, *, times: int = 1) -> list[httpx.Request]:
    ids = iter("abcdef")
    auth = HolderAuth(KEY, now=lambda: NOW, new_jti=lambda: next(ids), token=token)
    requests = []
    for _ in range(times):
        request = httpx.Request("POST", "https://seller.example/api/images/generate?x=1#y")
        requests.append(next(auth.auth_flow(request)))
    return requests


def test_a_receipt_is_shown_with_a_proof_that_is_good_for_it_alone() -> None:
    (request,) = shown("the.receipt.token")
    assert request.headers["Authorization"] == "DPoP the.receipt.token"
    proof = dpop.verify(
        request.headers["DPoP"],
        method="POST",
        url_ok=lambda url: url == "https://seller.example/api/images/generate",
        now=NOW,
        token="the.receipt.token",
    )
    assert proof.thumbprint == KEY.public.thumbprint


def test_without_a_receipt_the_key_alone_is_proved() -> None:
    (request,) = shown(None)
    assert "Authorization" not in request.headers
    dpop.verify(request.headers["DPoP"], method="POST", url_ok=lambda url: True, now=NOW)


def test_every_attempt_has_a_proof_of_its_own() -> None:
    first, second = shown("the.receipt.token", times=2)
    assert first.headers["DPoP"] != second.headers["DPoP"]
