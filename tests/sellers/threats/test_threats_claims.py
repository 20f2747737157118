"""Claims of payments that were made: too early, too late, twice, too little, or all at once.

Threats of `reference/reliability.md` under "Rails". Whatever was paid and opens no credits is kept for a person.
"""

import asyncio
from typing import Any

from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.tokens import jws
from tests.support.world.ledger import added
from tests.support.world.scenes.payment_scene import ELSEWHERE, STRANGER, PaymentScene
from tests.support.world.seller import NETWORK, Payer

KEPT = {"payment": 1}


def test_a_transaction_that_nobody_sees_is_pending(paying: PaymentScene) -> None:
    body = paying.refused(paying.payer.claim(paying.buy(), tx_hash="ab" * 32), 409, "payment_pending")
    assert body["retryable"] is True


def test_a_payment_without_its_confirmations_is_accepted_and_not_final(paying: PaymentScene) -> None:
    token = paying.buy()
    tx_hash = paying.land(paying.build(token), blocks=1)
    payload = paying.payer.claim(token, tx_hash=tx_hash)
    answer = paying.stage.run(paying.stage.seller.claim(payload))
    assert answer.status_code == 202
    assert (answer.json()["confirmations"], answer.json()["required"]) == (1, 2)
    assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("1", "no-store")
    assert "receipt" not in answer.text
    paying.devnet.blocks()
    assert paying.stage.run(paying.stage.seller.claim(payload)).status_code == 200


def test_a_transaction_pays_one_request(paying: PaymentScene) -> None:
    first, second = paying.buy(), paying.buy()
    tx_hash = paying.land(paying.build(first))
    # Not yet claimed, it is simply another request's; claimed, it is used.
    paying.refused(paying.payer.claim(second, tx_hash=tx_hash), 402, "payment_mismatch")
    answer = paying.stage.run(paying.stage.seller.claim(paying.payer.claim(first, tx_hash=tx_hash)))
    assert answer.status_code == 200
    paying.refused(paying.payer.claim(second, tx_hash=tx_hash), 409, "payment_already_used")


def test_another_payment_of_a_request_that_is_being_paid_waits(paying: PaymentScene) -> None:
    token = paying.buy()
    tx_hash = paying.land(paying.build(token), blocks=1)
    payload = paying.payer.claim(token, tx_hash=tx_hash)
    assert paying.stage.run(paying.stage.seller.claim(payload)).status_code == 202
    other = paying.build(token)
    paying.refused(paying.payer.claim(token, raw=other), 409, "payment_pending")
    assert not paying.submitted(other)
    paying.devnet.blocks()
    assert paying.stage.run(paying.stage.seller.claim(payload)).status_code == 200
    paying.refused(paying.payer.claim(token, raw=other), 409, "payment_request_paid")
    assert not paying.submitted(other)


def test_a_second_payment_on_chain_is_kept_and_shown(paying: PaymentScene) -> None:
    token = paying.buy()
    assert paying.stage.run(paying.payer.pay(token)).status_code == 200
    tx_hash = paying.land(paying.build(token))
    payload = paying.payer.claim(token, tx_hash=tx_hash)
    paying.refused(payload, 409, "payment_request_paid", KEPT)
    paying.refused(payload, 409, "payment_request_paid")
    assert paying.surplus()[tx_hash]["reason"] == "payment_request_paid"


def test_too_little_on_chain_is_kept_and_shown(paying: PaymentScene) -> None:
    token = paying.buy()
    amount = paying.payer.option(token).amount
    tx_hash = paying.land(paying.build(token, lovelace=amount - 1))
    body = paying.refused(paying.payer.claim(token, tx_hash=tx_hash), 402, "payment_insufficient", KEPT)
    assert (body["paid"], body["required"], body["paymentRequestToken"]) == (amount - 1, amount, token)
    assert paying.surplus()[tx_hash] == {
        "transaction": tx_hash,
        "amount": amount - 1,
        "reason": "payment_insufficient",
    }


def test_a_payment_that_comes_late_is_kept_for_a_person(paying: PaymentScene) -> None:
    token = paying.expired_request()
    tx_hash = paying.land(paying.build(token))
    body = paying.refused(paying.payer.claim(token, tx_hash=tx_hash), 409, "paid_late", KEPT)
    assert "paymentRequestToken" not in body
    assert paying.surplus()[tx_hash]["reason"] == "paid_late"
    request_id = jws.unverified(token)[1]["id"]
    status = paying.stage.run(paying.stage.seller.http.get(f"/api/payments/{request_id}"))
    assert status.json()["state"] == "expired"


def test_a_transaction_for_an_expired_request_is_not_submitted(paying: PaymentScene) -> None:
    token = paying.expired_request()
    for raw in (paying.build(token), paying.build(token, lovelace=2_000_000), paying.signed(token)):
        body = paying.refused(paying.payer.claim(token, raw=raw), 409, "payment_request_expired")
        assert "paymentRequestToken" not in body
        assert not paying.submitted(raw)


def test_a_wrong_payment_of_an_expired_request_asks_for_no_other(paying: PaymentScene) -> None:
    """A machine pays whatever a 402 holds, so it holds no token that can no longer be paid."""
    token = paying.expired_request()
    tx_hash = paying.land(paying.build(token, recipient=ELSEWHERE))
    body = paying.refused(paying.payer.claim(token, tx_hash=tx_hash), 402, "payment_mismatch")
    assert "paymentRequestToken" not in body


def test_the_same_claim_twenty_times_at_once_has_one_effect(paying: PaymentScene) -> None:
    token = paying.buy()
    payload = paying.payer.claim(token, raw=paying.build(token))

    async def twenty() -> list[tuple[int, dict[str, Any]]]:
        answers = await asyncio.gather(*(paying.stage.seller.claim(payload) for _ in range(20)))
        return [(answer.status_code, answer.json()) for answer in answers]

    before = paying.stage.ledger()
    settling = paying.stage.run(twenty())
    assert settling[0][0] == 202
    assert all(answer == settling[0] for answer in settling)
    paying.devnet.blocks(2)
    paid = paying.stage.run(twenty())
    assert paid[0][0] == 200
    assert all(answer == paid[0] for answer in paid)
    after = paying.stage.ledger()
    new_payments = after["payment"].keys() - before["payment"].keys()
    new_accounts = after["credit_account"].keys() - before["credit_account"].keys()
    assert (len(new_payments), len(new_accounts)) == (1, 1)
    assert len(after["posting"]) == len(before["posting"]) + 1


def test_the_receipt_is_for_the_payer_and_nobody_else(paying: PaymentScene) -> None:
    token = paying.buy()
    receipt = paying.stage.run(paying.payer.pay(token)).json()["receipt"]
    path = f"/api/payments/{jws.unverified(token)[1]['id']}"
    stranger = Payer(paying.devnet, paying.stage.seller, STRANGER)
    http = paying.stage.seller.http
    own = {"DPoP": paying.payer.proof("GET", path)}
    assert paying.stage.run(http.get(path, headers=own)).json()["receipt"] == receipt
    paying.stage.refused(lambda: http.get(path, headers=own), 401, "holder_proof_invalid")
    for headers in ({}, {"DPoP": stranger.proof("GET", path)}, {"Authorization": f"Bearer {receipt}"}):
        answer = paying.stage.run(http.get(path, headers=headers))
        assert (answer.status_code, answer.json()["state"]) == (200, "paid")
        assert not {"receipt", "credits", "payer"} & answer.json().keys()
    for proof in (
        paying.payer.proof("POST", path),
        paying.payer.proof("GET", path + "x"),
        paying.payer.proof("GET", path, receipt),
    ):
        paying.stage.refused(lambda: http.get(path, headers={"DPoP": proof}), 401, "holder_proof_invalid")  # noqa: B023  called at once


def test_an_overheard_claim_gives_no_second_receipt_that_anybody_can_use(paying: PaymentScene) -> None:
    """The payer, who may have lost the first answer, still gets it: by a claim or a proof that it signs anew."""
    token, now = paying.buy(holder=False), paying.stage.seller.now()
    raw = paying.build(token)
    claim = paying.payer.claim(token, raw=raw)
    assert paying.stage.run(paying.stage.seller.claim(claim)).status_code == 202
    paying.devnet.blocks(2)
    receipt = paying.stage.run(paying.stage.seller.claim(claim)).json()["receipt"]
    for _ in range(2):
        paying.refused(claim, 409, "claim_used")
    evidence = Evidence(token, "cardano", paying.payer.did, NETWORK, {"transaction": raw})
    anew = claim_token(evidence, paying.payer.key, now=now - 1)
    assert paying.stage.run(paying.stage.seller.claim(anew)).json()["receipt"] == receipt
    paying.refused(anew, 409, "claim_used")
    path = f"/api/payments/{jws.unverified(token)[1]['id']}"
    for _ in range(2):
        own = {"DPoP": paying.payer.proof("GET", path)}
        answer = paying.stage.run(paying.stage.seller.http.get(path, headers=own))
        assert answer.json()["receipt"] == receipt


def test_a_claim_of_what_is_bound_to_a_holder_may_be_repeated(paying: PaymentScene) -> None:
    token = paying.buy()
    claim = paying.payer.claim(token, tx_hash=paying.land(paying.build(token)))
    receipts = {paying.stage.run(paying.stage.seller.claim(claim)).json()["receipt"] for _ in range(3)}
    assert len(receipts) == 1


def test_nothing_of_all_this_breaks_an_invariant(paying: PaymentScene) -> None:
    before = paying.stage.ledger()
    assert paying.stage.run(paying.stage.seller.invariants()) == []
    assert added(before, paying.stage.ledger()) == {}
