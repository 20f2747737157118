"""Claims of payments that were made: too early, too late, twice, too little, or all at once.

Threats of `reference/reliability.md` under "Rails". Whatever was paid and opens no credits is kept for a person.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from shared.tokens import jws
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.ledger import added
from tests.support.world.scenes.payment_scene import ELSEWHERE, STRANGER, PaymentScene, open_payment_scene
from tests.support.world.seller import Payer

pytestmark = pytest.mark.xdist_group("threats_payments")
KEPT = {"payment": 1}


@pytest.fixture(scope="module")
def scene(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaymentScene]:
    with open_payment_scene(devnet, tmp_path_factory.mktemp("seller")) as opened:
        yield opened


def test_a_transaction_that_nobody_sees_is_pending(scene: PaymentScene) -> None:
    body = scene.refused(scene.payer.claim(scene.buy(), tx_hash="ab" * 32), 409, "payment_pending")
    assert body["retryable"] is True


def test_a_payment_without_its_confirmations_is_accepted_and_not_final(scene: PaymentScene) -> None:
    token = scene.buy()
    tx_hash = scene.land(scene.build(token), blocks=1)
    payload = scene.payer.claim(token, tx_hash=tx_hash)
    answer = scene.stage.run(scene.stage.seller.claim(payload))
    assert answer.status_code == 202
    assert (answer.json()["confirmations"], answer.json()["required"]) == (1, 2)
    assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("1", "no-store")
    assert "receipt" not in answer.text
    scene.devnet.blocks()
    assert scene.stage.run(scene.stage.seller.claim(payload)).status_code == 200


def test_a_transaction_pays_one_request(scene: PaymentScene) -> None:
    first, second = scene.buy(), scene.buy()
    tx_hash = scene.land(scene.build(first))
    # Not yet claimed, it is simply another request's; claimed, it is used.
    scene.refused(scene.payer.claim(second, tx_hash=tx_hash), 402, "payment_mismatch")
    answer = scene.stage.run(scene.stage.seller.claim(scene.payer.claim(first, tx_hash=tx_hash)))
    assert answer.status_code == 200
    scene.refused(scene.payer.claim(second, tx_hash=tx_hash), 409, "payment_already_used")


def test_another_payment_of_a_request_that_is_being_paid_waits(scene: PaymentScene) -> None:
    token = scene.buy()
    tx_hash = scene.land(scene.build(token), blocks=1)
    payload = scene.payer.claim(token, tx_hash=tx_hash)
    assert scene.stage.run(scene.stage.seller.claim(payload)).status_code == 202
    other = scene.build(token)
    scene.refused(scene.payer.claim(token, raw=other), 409, "payment_pending")
    assert not scene.submitted(other)
    scene.devnet.blocks()
    assert scene.stage.run(scene.stage.seller.claim(payload)).status_code == 200
    scene.refused(scene.payer.claim(token, raw=other), 409, "payment_request_paid")
    assert not scene.submitted(other)


def test_a_second_payment_on_chain_is_kept_and_shown(scene: PaymentScene) -> None:
    token = scene.buy()
    assert scene.stage.run(scene.payer.pay(token)).status_code == 200
    tx_hash = scene.land(scene.build(token))
    payload = scene.payer.claim(token, tx_hash=tx_hash)
    scene.refused(payload, 409, "payment_request_paid", KEPT)
    scene.refused(payload, 409, "payment_request_paid")
    assert scene.surplus()[tx_hash]["reason"] == "payment_request_paid"


def test_too_little_on_chain_is_kept_and_shown(scene: PaymentScene) -> None:
    token = scene.buy()
    amount = scene.payer.option(token).amount
    tx_hash = scene.land(scene.build(token, lovelace=amount - 1))
    body = scene.refused(scene.payer.claim(token, tx_hash=tx_hash), 402, "payment_insufficient", KEPT)
    assert (body["paid"], body["required"], body["paymentRequestToken"]) == (amount - 1, amount, token)
    assert scene.surplus()[tx_hash] == {
        "transaction": tx_hash,
        "amount": amount - 1,
        "reason": "payment_insufficient",
    }


def test_a_payment_that_comes_late_is_kept_for_a_person(scene: PaymentScene) -> None:
    token = scene.expired_request()
    tx_hash = scene.land(scene.build(token))
    body = scene.refused(scene.payer.claim(token, tx_hash=tx_hash), 409, "paid_late", KEPT)
    assert "paymentRequestToken" not in body
    assert scene.surplus()[tx_hash]["reason"] == "paid_late"
    request_id = jws.unverified(token)[1]["id"]
    status = scene.stage.run(scene.stage.seller.http.get(f"/api/payments/{request_id}"))
    assert status.json()["state"] == "expired"


def test_a_transaction_for_an_expired_request_is_not_submitted(scene: PaymentScene) -> None:
    token = scene.expired_request()
    for raw in (scene.build(token), scene.build(token, lovelace=2_000_000), scene.signed(token)):
        body = scene.refused(scene.payer.claim(token, raw=raw), 409, "payment_request_expired")
        assert "paymentRequestToken" not in body
        assert not scene.submitted(raw)


def test_a_wrong_payment_of_an_expired_request_asks_for_no_other(scene: PaymentScene) -> None:
    """A machine pays whatever a 402 holds, so it holds no token that can no longer be paid."""
    token = scene.expired_request()
    tx_hash = scene.land(scene.build(token, recipient=ELSEWHERE))
    body = scene.refused(scene.payer.claim(token, tx_hash=tx_hash), 402, "payment_mismatch")
    assert "paymentRequestToken" not in body


def test_the_same_claim_twenty_times_at_once_has_one_effect(scene: PaymentScene) -> None:
    token = scene.buy()
    payload = scene.payer.claim(token, raw=scene.build(token))

    async def twenty() -> list[tuple[int, dict[str, Any]]]:
        answers = await asyncio.gather(*(scene.stage.seller.claim(payload) for _ in range(20)))
        return [(answer.status_code, answer.json()) for answer in answers]

    before = scene.stage.ledger()
    settling = scene.stage.run(twenty())
    assert settling[0][0] == 202
    assert all(answer == settling[0] for answer in settling)
    scene.devnet.blocks(2)
    paid = scene.stage.run(twenty())
    assert paid[0][0] == 200
    assert all(answer == paid[0] for answer in paid)
    after = scene.stage.ledger()
    new_payments = after["payment"].keys() - before["payment"].keys()
    new_accounts = after["credit_account"].keys() - before["credit_account"].keys()
    assert (len(new_payments), len(new_accounts)) == (1, 1)
    assert len(after["posting"]) == len(before["posting"]) + 2


def test_the_receipt_is_for_the_payer_and_nobody_else(scene: PaymentScene) -> None:
    token = scene.buy()
    receipt = scene.stage.run(scene.payer.pay(token)).json()["receipt"]
    path = f"/api/payments/{jws.unverified(token)[1]['id']}"
    stranger = Payer(scene.devnet, scene.stage.seller, STRANGER)
    http = scene.stage.seller.http
    own = {"DPoP": scene.payer.proof("GET", path)}
    assert scene.stage.run(http.get(path, headers=own)).json()["receipt"] == receipt
    scene.stage.refused(lambda: http.get(path, headers=own), 401, "holder_proof_invalid")
    for headers in ({}, {"DPoP": stranger.proof("GET", path)}, {"Authorization": f"Bearer {receipt}"}):
        answer = scene.stage.run(http.get(path, headers=headers))
        assert (answer.status_code, answer.json()["state"]) == (200, "paid")
        assert not {"receipt", "credits", "payer"} & answer.json().keys()
    for proof in (
        scene.payer.proof("POST", path),
        scene.payer.proof("GET", path + "x"),
        scene.payer.proof("GET", path, receipt),
    ):
        scene.stage.refused(lambda: http.get(path, headers={"DPoP": proof}), 401, "holder_proof_invalid")  # noqa: B023  called at once


def test_nothing_of_all_this_breaks_an_invariant(scene: PaymentScene) -> None:
    before = scene.stage.ledger()
    assert scene.stage.run(scene.stage.seller.invariants()) == []
    assert added(before, scene.stage.ledger()) == {}
