"""Our tokens and those of npm agentcommercekit: each side verifies what the other makes."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.dialects import ack
from shared.keys import SigningKey, did_document, did_web
from shared.tokens import jws, prt, receipt, status_list
from shared.tokens.jws import TokenError
from shared.tokens.status_list import ListedStatus, StatusList
from tests.conformance.attacks import ATTACKER
from tests.conformance.samples import CLAIM, HOLDER_KEY, RECEIPT, REQUEST, SELLER_KEY
from tests.support.services.npm_tools import npm

SCRIPT = Path(__file__).parent / "ack.mjs"
SEED = SELLER_KEY.seed.hex()
DID_KEY = SELLER_KEY.public.did


def now() -> int:
    """Return the time of the clock, which npm's verifiers and makers look at."""
    return int(time.time())


def run(*jobs: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = npm().run(SCRIPT, jobs)
    return results


def made(job: dict[str, Any]) -> str:
    token = run(job)[0]["ok"]["token"]
    assert isinstance(token, str)
    return token


def tokens(issuer: str, status: ListedStatus | None = None) -> tuple[str, str]:
    """Return a payment request token and its receipt, both made by us as `issuer`."""
    request = replace(REQUEST, issuer=issuer, issued_at=now(), expires_at=now() + 900)
    request_token = jws.sign(prt.claims(request), SELLER_KEY)
    paid = replace(
        RECEIPT,
        issuer=issuer,
        issued_at=now(),
        expires_at=now() + 900,
        payment_request_token=request_token,
        payment_option_id="cardano-1",
        status=status,
    )
    return request_token, jws.sign(receipt.claims(paid), SELLER_KEY)


def verify_both(issuer: str) -> list[dict[str, Any]]:
    request_token, receipt_token = tokens(issuer)
    return run(
        {"verb": "verifyRequest", "token": request_token, "issuer": issuer},
        {"verb": "verifyReceipt", "token": receipt_token, "trusted": [issuer], "issuer": issuer},
    )


@contextmanager
def serving(documents: dict[str, object]) -> Iterator[int]:
    """Serve JSON by its path on the loopback, as it is when it is asked for; the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in documents else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(documents.get(self.path, {})).encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@contextmanager
def served_document(host: str) -> Iterator[str]:
    """Serve a DID document on the loopback and give its did:web."""
    documents: dict[str, object] = {}
    with serving(documents) as port:
        did = did_web(f"http://{host}:{port}")
        documents["/.well-known/did.json"] = did_document(did, [SELLER_KEY.public])
        yield did


def test_npm_verifies_our_tokens_with_a_did_key() -> None:
    assert [result.keys() for result in verify_both(DID_KEY)] == [{"ok"}, {"ok"}]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_npm_verifies_our_tokens_with_a_did_web(host: str) -> None:
    with served_document(host) as did:
        assert [result.keys() for result in verify_both(did)] == [{"ok"}, {"ok"}]


LIST = "/api/status-lists/0"


def status_document(listed: StatusList, key: SigningKey = SELLER_KEY) -> dict[str, Any]:
    return status_list.ack_document(listed, jws.sign(status_list.ack_claims(listed), key))


@pytest.mark.parametrize(
    ("revoked", "said"),
    [
        ((), None),
        ((4, 6, 131_071), None),
        ((5,), "Credential is revoked"),
        ((0, 5, 131_070), "Credential is revoked"),
        (range(131_072), "Credential is revoked"),
        (range(0, 131_072, 2), None),
    ],
    ids=["none", "others", "it", "it and others", "all", "every other"],
)
def test_npm_looks_our_receipt_up_in_our_status_list(revoked: Sequence[int], said: str | None) -> None:
    documents: dict[str, object] = {}
    with serving(documents) as port:
        url = f"http://127.0.0.1:{port}{LIST}"
        documents[LIST] = status_document(StatusList(url, DID_KEY, revoked, now(), now() + 900))
        _, token = tokens(DID_KEY, ListedStatus(url, 5))
        (result,) = run({"verb": "verifyReceipt", "token": token, "trusted": [DID_KEY], "issuer": DID_KEY})
    if said is None:
        assert result["ok"]["receipt"]["credentialStatus"]["statusListIndex"] == "5"
    else:
        assert said in result["error"]


def test_npm_takes_no_receipt_whose_list_is_not_there_or_is_not_its_issuers() -> None:
    documents: dict[str, object] = {}
    with serving(documents) as port:
        base = f"http://127.0.0.1:{port}"
        url, results = f"{base}{LIST}", []
        good = StatusList(url, DID_KEY, (), now(), now() + 900)
        for document in (
            status_document(replace(good, url=f"{url}0")),
            status_document(replace(good, expires_at=now() - 1, issued_at=now() - 900)),
            status_document(replace(good, issuer=ATTACKER.public.did), ATTACKER),
            status_document(good, ATTACKER),
            None,
        ):
            documents.pop(LIST, None)
            if document is not None:
                documents[LIST] = document
            _, token = tokens(DID_KEY, ListedStatus(url, 5))
            results += run({"verb": "verifyReceipt", "token": token, "trusted": [DID_KEY], "issuer": DID_KEY})
    assert all("Unable to determine" in result["error"] for result in results), results


def test_our_own_claims_pass_npms_verifier_and_stay_in_the_token() -> None:
    """Its schema drops unknown claims from `paymentRequest` and leaves them in the parsed payload."""
    request, paid = (result["ok"] for result in verify_both(DID_KEY))
    ours = prt.claims(REQUEST)
    assert {name: request["payload"][name] for name in ("price", "order")} == {
        name: ours[name] for name in ("price", "order")
    }
    assert not {"price", "order"} & request["paymentRequest"].keys()
    assert [option["id"] for option in paid["paymentRequest"]["paymentOptions"]] == ["cardano-1", "card-1"]
    assert paid["receipt"]["cnf"] == {"jkt": RECEIPT.holder_thumbprint}
    assert paid["receipt"]["id"] == RECEIPT.id


def test_npm_verifies_our_payment_claim() -> None:
    token = ack.claim_token(CLAIM, HOLDER_KEY, now=now())
    assert run({"verb": "verifyClaim", "token": token})[0]["ok"]["payerDid"] == CLAIM.payer


def test_npm_refuses_ours_when_something_is_wrong() -> None:
    request_token, receipt_token = tokens(DID_KEY)
    forged = jws.sign(jws.unverified(request_token)[1], ATTACKER)
    stale = jws.sign(jws.unverified(request_token)[1] | {"exp": now() - 3600}, SELLER_KEY)
    bare = jws.sign(jws.unverified(receipt_token)[1] | {"jti": RECEIPT.id[9:]}, SELLER_KEY)
    results = run(
        {"verb": "verifyRequest", "token": forged, "issuer": DID_KEY},
        {"verb": "verifyRequest", "token": stale, "issuer": DID_KEY},
        {"verb": "verifyRequest", "token": request_token, "issuer": ATTACKER.public.did},
        {"verb": "verifyReceipt", "token": bare, "trusted": [DID_KEY], "issuer": DID_KEY},
        {"verb": "verifyReceipt", "token": receipt_token, "trusted": [ATTACKER.public.did]},
    )
    assert all("error" in result for result in results), results


def request_fields() -> dict[str, Any]:
    claims = prt.claims(replace(REQUEST, issuer=DID_KEY, issued_at=now(), expires_at=now() + 900))
    return {name: claims[name] for name in claims if name not in ("iss", "sub", "iat")}


def test_we_verify_a_payment_request_that_npm_made() -> None:
    token = made({"verb": "makeRequest", "seed": SEED, "request": request_fields()})
    found = prt.verify(token, [SELLER_KEY.public], issuer=DID_KEY, now=now())
    assert (found.price, found.order, found.options) == (REQUEST.price, REQUEST.order, REQUEST.options)


@pytest.mark.parametrize("missing", ["exp", "expiresAt", "price", "order"])
def test_we_refuse_what_npm_made_without_our_claims_or_without_exp(missing: str) -> None:
    fields = {name: value for name, value in request_fields().items() if name != missing}
    token = made({"verb": "makeRequest", "seed": SEED, "request": fields})
    assert jws.verify(token, [SELLER_KEY.public])["id"] == REQUEST.id
    with pytest.raises(TokenError) as caught:
        prt.verify(token, [SELLER_KEY.public], issuer=DID_KEY, now=now())
    assert caught.value.reason == "bad_claim"


def receipt_job(**fields: Any) -> dict[str, Any]:
    return {
        "verb": "makeReceipt",
        "seed": SEED,
        "id": RECEIPT.id,
        "payer": RECEIPT.payer,
        "expires": now() + 900,
        "paymentRequestToken": tokens(DID_KEY)[0],
        "paymentOptionId": "cardano-1",
        **fields,
    }


def test_we_verify_a_receipt_that_npm_made() -> None:
    token = made(receipt_job(metadata={"txHash": "cd" * 32}))
    found = receipt.verify(token, {DID_KEY: [SELLER_KEY.public]}, now=now())
    assert (found.id, found.payer) == (RECEIPT.id, RECEIPT.payer)
    assert (found.metadata, found.holder_thumbprint) == ({"txHash": "cd" * 32}, None)


@pytest.mark.parametrize("missing", ["id", "expires"])
def test_we_refuse_a_receipt_that_npm_made_without_id_or_expiry(missing: str) -> None:
    job = receipt_job()
    del job[missing]
    with pytest.raises(TokenError) as caught:
        receipt.verify(made(job), {DID_KEY: [SELLER_KEY.public]}, now=now())
    assert caught.value.reason == "bad_claim"


def test_we_read_a_payment_claim_that_npm_made() -> None:
    claims = {
        "paymentRequestToken": CLAIM.payment_request_token,
        "paymentOptionId": CLAIM.option_id,
        "metadata": {"network": CLAIM.network, "txHash": CLAIM.payload["txHash"]},
    }
    token = made({"verb": "makeClaim", "seed": HOLDER_KEY.seed.hex(), "claims": claims})
    assert ack.read_claim(token, now=now()) == CLAIM
