"""A payment by x402 where it was asked for, `POST /api/images/buy`, by a client that knows nothing of ours."""

import asyncio

import cbor2
import httpx
import pytest

from shared.cardano.metadata import payment_metadata
from shared.cardano.read.transaction import parse
from shared.tokens.prt import token_hash
from tests.sellers.dialects.x402_client import BUY, Client, decoded, encoded
from tests.support.world.scenes.payment_scene import PaymentScene
from tests.support.world.seller import BASE, NETWORK

AT_ONCE = 20


def test_a_402_asks_in_x402s_words_for_the_request_that_is_stored(paying: PaymentScene) -> None:
    answer = paying.stage.run(paying.stage.seller.http.post(BUY, json={"credits": 3}))
    option = paying.payer.option(answer.text)
    asked = decoded(answer.headers["payment-required"])
    (entry,) = asked["accepts"]
    assert (asked["x402Version"], asked["resource"]["url"]) == (2, BASE + BUY)
    assert asked["extensions"]["offer-receipt"]["info"]["offers"] == [
        {"format": "jws", "signature": answer.text}
    ]
    assert (entry["scheme"], entry["network"], entry["asset"]) == ("exact", NETWORK, "lovelace")
    assert (entry["amount"], entry["payTo"]) == (str(option.amount), option.recipient)
    assert entry["extra"]["confirmationPolicy"] == {"l1Confirmations": 1}


@pytest.mark.parametrize(
    ("host", "query", "url"),
    [
        ("localhost:8402", "", f"http://localhost:8402{BUY}"),
        ("localhost:8402", "?a=%20b", f"http://localhost:8402{BUY}?a=%20b"),
        ("evil.example", "", f"{BASE}{BUY}"),
    ],
)
def test_the_resource_is_the_url_that_was_called_by_a_name_of_ours(
    paying: PaymentScene, host: str, query: str, url: str
) -> None:
    http = paying.stage.seller.http
    answer = paying.stage.run(http.post(BUY + query, json={"credits": 1}, headers={"Host": host}))
    assert decoded(answer.headers["payment-required"])["resource"]["url"] == url


def test_who_pays_is_told_to_send_the_same_again_until_it_is_final_and_then_has_the_receipt(
    paying: PaymentScene, client: Client
) -> None:
    header = client.header(client.ask(), client.transaction())
    waits = client.pay(header)
    told = decoded(waits.headers["payment-response"])
    assert (waits.status_code, waits.json()["code"], waits.headers["retry-after"]) == (
        409,
        "payment_pending",
        "1",
    )
    assert (told["success"], told["errorReason"], told["network"]) == (False, "settlement_pending", NETWORK)
    assert "payment-required" not in waits.headers
    paying.devnet.blocks(2)
    paid = client.pay(header)
    told_now = decoded(paid.headers["payment-response"])
    assert (paid.status_code, told_now["success"], told_now["transaction"]) == (
        200,
        True,
        told["transaction"],
    )
    assert told_now["payer"] == paying.wallet.key.public.did
    assert paid.json()["credits"]["available"] == 1
    used = paying.stage.run(
        paying.stage.seller.http.post(
            "/api/images/generate",
            json={"name": "Abraham Lincoln"},
            headers={"Authorization": f"Bearer {paid.json()['receipt']}"},
        )
    )
    assert used.status_code == 200


def test_twenty_copies_of_one_payment_have_one_effect_and_one_answer(
    paying: PaymentScene, client: Client
) -> None:
    header = client.header(client.ask(), client.transaction())
    before = paying.stage.ledger()

    async def all_at_once() -> list[httpx.Response]:
        return await asyncio.gather(*(client.send(header) for _ in range(AT_ONCE)))

    assert {answer.status_code for answer in paying.stage.run(all_at_once())} == {409}
    paying.devnet.blocks(2)
    answers = paying.stage.run(all_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    after = paying.stage.ledger()
    assert len(after["payment"]) - len(before["payment"]) == 1
    assert len(after["credit_account"]) - len(before["credit_account"]) == 1


def test_the_receipt_is_bound_to_the_holder_that_was_named(paying: PaymentScene, client: Client) -> None:
    header = client.header(client.ask(credits=1, holder=paying.payer.did), client.transaction())
    assert client.pay(header).status_code == 409
    paying.devnet.blocks(2)
    receipt = client.pay(header).json()["receipt"]
    answer = paying.stage.run(
        paying.stage.seller.http.get("/api/credits", headers={"Authorization": f"Bearer {receipt}"})
    )
    assert answer.json()["code"] == "holder_proof_required"


def refused(
    paying: PaymentScene, client: Client, header: dict[str, str], status: int, code: str
) -> httpx.Response:
    return paying.stage.refused(lambda: client.send(header), status, code)


def test_who_has_not_seen_the_payment_request_cannot_name_it(paying: PaymentScene, client: Client) -> None:
    raw, asked = client.transaction(), client.ask()
    extra = asked["accepts"][0]["extra"]
    request_id, _, signature = extra["paymentRequest"].partition(".")
    spoiled = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    for reference in (request_id, f"{request_id}.", f"{request_id}.{spoiled}", f"x.{signature}", signature):
        extra["paymentRequest"] = reference
        refused(paying, client, client.header(asked, raw), 401, "claim_invalid")
    assert not paying.submitted(raw)


def test_a_payment_that_is_public_is_nobodys_who_does_not_sign_for_it(
    paying: PaymentScene, client: Client
) -> None:
    raw = client.transaction()
    paying.land(raw)
    refused(paying, client, client.header(client.ask(), raw), 409, "payment_unnamed")


def test_a_payment_of_one_request_pays_no_other(paying: PaymentScene, client: Client) -> None:
    raw = client.transaction()
    header = client.header(client.ask(), raw)
    assert client.pay(header).status_code == 409
    refused(paying, client, client.header(client.ask(), raw), 409, "payment_already_used")
    paying.devnet.blocks(2)
    refused(paying, client, client.header(client.ask(), raw), 409, "payment_already_used")


def test_a_transaction_that_names_another_request_pays_that_alone(
    paying: PaymentScene, client: Client
) -> None:
    raw = client.transaction(metadata=payment_metadata(token_hash(paying.buy())))
    refused(paying, client, client.header(client.ask(), raw), 402, "payment_mismatch")
    assert not paying.submitted(raw)


@pytest.mark.parametrize("nonce", ["ab" * 32 + "#0", "", "x"])
def test_the_nonce_is_one_of_the_outputs_that_are_spent(
    paying: PaymentScene, client: Client, nonce: str
) -> None:
    raw = client.transaction()
    refused(paying, client, client.header(client.ask(), raw, nonce=nonce), 402, "payment_mismatch")
    assert not paying.submitted(raw)


def test_a_refused_payment_is_told_in_x402s_words_and_asked_for_again(
    paying: PaymentScene, client: Client
) -> None:
    asked = client.ask()
    option = paying.payer.option(paying.buy())
    raw = client.transaction(pay=[(option.recipient, option.amount - 1)])
    answer = refused(paying, client, client.header(asked, raw), 402, "payment_insufficient")
    told, again = (decoded(answer.headers[name]) for name in ("payment-response", "payment-required"))
    assert (told["success"], told["errorReason"]) == (False, "payment_insufficient")
    assert again["accepts"] == asked["accepts"]


@pytest.mark.parametrize(
    "header",
    ["", "AA", "e30=", encoded([]), encoded({"x402Version": 1}), encoded({"x402Version": 2, "accepted": []})],
)
def test_what_cannot_be_read_is_refused(paying: PaymentScene, client: Client, header: str) -> None:
    refused(paying, client, {"PAYMENT-SIGNATURE": header}, 401, "claim_invalid")


@pytest.mark.parametrize("named", [True, False])
def test_metadata_that_are_cut_off_make_nobody_elses_payment_unnamed(
    paying: PaymentScene, client: Client, named: bool
) -> None:
    """A signature covers the body, which holds the metadata's hash alone: who saw the bytes can drop the metadata."""
    raw = client.transaction(metadata=payment_metadata(token_hash(paying.buy())) if named else {1: "note"})
    whole = cbor2.loads(raw)
    stripped = cbor2.dumps([*whole[:3], None])
    assert parse(stripped).id == parse(raw).id
    refused(paying, client, client.header(client.ask(), stripped), 402, "payment_mismatch")
    assert not paying.submitted(stripped)
