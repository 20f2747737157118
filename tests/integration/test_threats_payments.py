"""Payments that are not what was asked for, or not whose they are said to be.

Each threat of `reference/reliability.md` under "Rails" that a chain can bring. Whatever is refused before it is
broadcast is never submitted; whatever was paid and opens no credits is kept for a person.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cbor2
import pytest

from paywall.sales import store
from shared import jws
from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.metadata import payment_metadata
from shared.cardano.transaction import TransactionError, parse
from shared.dialects.ack import PaymentClaim, claim_token
from shared.keys import SigningKey
from shared.payment_request import token_hash
from tests.devnet_process import DevnetProcess
from tests.devnet_wallet import CERTIFICATES, MINT, OUTPUTS, TTL, Wallet
from tests.fakes.image_maker import PlainMaker
from tests.ledger import added
from tests.seller import NETWORK, Payer
from tests.stage import Stage, check_problem, open_stage

pytestmark = pytest.mark.xdist_group("threats_payments")
STRANGER = SigningKey.from_seed(b"\x77" * 32)
ELSEWHERE = enterprise_address(STRANGER.public, NETWORK)
KEPT = {"payment": 1}


@dataclass(frozen=True)
class Scene:
    """A seller that wants two confirmations, and a payer whose wallet can write wrong transactions."""

    stage: Stage
    devnet: DevnetProcess
    wallet: Wallet
    payer: Payer

    def buy(self, *, holder: bool = True) -> str:
        return self.stage.run(self.payer.buy(1, holder=holder))

    def refused(
        self, payload: str, status: int, code: str, adds: dict[str, int] | None = None
    ) -> dict[str, Any]:
        answer = self.stage.refused(lambda: self.stage.seller.claim(payload), status, code, adds)
        body: dict[str, Any] = answer.json()
        return body

    def build(self, token: str, **changes: Any) -> bytes:
        return self.stage.run(self.payer.build(token, **changes)).raw

    def land(self, raw: bytes, blocks: int = 2) -> str:
        """On chain, past the seller; the transaction's hash."""
        answer = self.devnet.submit(raw)
        assert answer.status_code == 200, answer.text
        self.devnet.blocks(blocks)
        return str(answer.json())

    def claim_by(self, key: SigningKey, token: str, **proof: Any) -> str:
        fields = {"tx_hash": None, "transaction": None, **proof}
        claim = PaymentClaim(token, "cardano", key.public.did, NETWORK, **fields)
        return claim_token(claim, key, now=self.stage.seller.now())

    def body(self, token: str) -> dict[int, Any]:
        """Of a right payment, for a test to spoil."""
        option = self.payer.option(token)
        coin = max(self.wallet.coins(self.devnet), key=lambda coin: coin.lovelace)
        body = self.wallet.body(coin, pay=[(option.recipient, option.amount)])
        return body | {TTL: int(self.devnet.get("/blocks/latest")["slot"]) + 300}


@pytest.fixture(scope="module")
def scene(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("seller")
    with open_stage(devnet, folder, maker=PlainMaker(), confirmations=2) as stage:
        wallet = Wallet(seed=0x51)
        payer = Payer(devnet, stage.seller, wallet.key)
        payer.fund()
        yield Scene(stage, devnet, wallet, payer)


def test_the_wallet_can_pay_rightly(scene: Scene) -> None:
    token = scene.buy()
    raw = scene.wallet.sign(scene.body(token), metadata=payment_metadata(token_hash(token)))
    answer = scene.stage.run(scene.stage.seller.claim(scene.payer.claim(token, raw=raw)))
    assert answer.status_code == 202, answer.text
    scene.devnet.blocks(2)
    assert scene.stage.run(scene.stage.seller.claim(scene.payer.claim(token, raw=raw))).status_code == 200


def _signed(scene: Scene, token: str, **changes: Any) -> bytes:
    """A payment by hand; `changes` are `pay` (outputs), `fields` of the body and `metadata`."""
    body = scene.body(token)
    if "pay" in changes:
        coin = max(scene.wallet.coins(scene.devnet), key=lambda coin: coin.lovelace)
        body[OUTPUTS] = scene.wallet.body(coin, pay=changes["pay"])[OUTPUTS]
    body |= changes.get("fields", {})
    return scene.wallet.sign(
        {field: value for field, value in body.items() if value is not None},
        metadata=changes.get("metadata", payment_metadata(token_hash(token))),
    )


def _split(scene: Scene, token: str) -> bytes:
    option = scene.payer.option(token)
    half = -(-option.amount // 2)
    return _signed(scene, token, pay=[(option.recipient, half), (option.recipient, half)])


def _tokens_for_ada(scene: Scene, token: str) -> bytes:
    outputs = scene.body(token)[OUTPUTS]
    outputs[0][1] = [outputs[0][1], {scene.wallet.policy: {b"GOLD": 5}}]
    return _signed(scene, token, fields={OUTPUTS: outputs})


def _bad_signature(scene: Scene, token: str) -> bytes:
    raw = _signed(scene, token)
    signature = cbor2.loads(raw)[1][0][0][1]
    return raw.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))


def _metadata_swapped(scene: Scene, token: str) -> bytes:
    """Signed with another request's hash; the right one takes its place after the signing."""
    wrong, right = payment_metadata(bytes(32)), payment_metadata(token_hash(token))
    return _signed(scene, token, metadata=wrong).removesuffix(cbor2.dumps(wrong)) + cbor2.dumps(right)


def _expiring(scene: Scene, token: str, slots: int) -> bytes:
    return scene.build(token, expiry_slot=int(scene.devnet.get("/blocks/latest")["slot"]) + slots)


Make = Callable[[Scene, str], bytes]
#: signed bytes that nobody has submitted → what the claim of them is answered
UNBROADCAST: dict[str, tuple[Make, int, str]] = {
    "bytes that are no transaction": (lambda s, t: b"garbage", 401, "claim_invalid"),
    "a transaction without a body": (lambda s, t: b"\x84\xa0\xa0\xf5\xf6", 401, "claim_invalid"),
    "a transaction cut short": (lambda s, t: s.build(t)[:-1], 401, "claim_invalid"),
    "a transaction with a tail": (lambda s, t: s.build(t) + b"\0", 401, "claim_invalid"),
    "deep nesting": (lambda s, t: b"\x81" * 10_000, 401, "claim_invalid"),
    "a signature that does not verify": (_bad_signature, 401, "claim_invalid"),
    "another recipient": (lambda s, t: s.build(t, recipient=ELSEWHERE), 402, "payment_mismatch"),
    "another request's hash": (lambda s, t: s.build(t, token_hash=bytes(32)), 402, "payment_mismatch"),
    "no metadata": (lambda s, t: _signed(s, t, metadata=None), 402, "payment_mismatch"),
    "the hash under another label": (
        lambda s, t: _signed(s, t, metadata={674: {"prt": token_hash(t)}}),
        402,
        "payment_mismatch",
    ),
    "metadata swapped after signing": (_metadata_swapped, 402, "payment_mismatch"),
    "other assets": (_tokens_for_ada, 402, "payment_mismatch"),
    "a mint": (
        lambda s, t: _signed(s, t, fields={MINT: {s.wallet.policy: {b"GOLD": 5}}}),
        402,
        "payment_mismatch",
    ),
    "a certificate": (
        lambda s, t: _signed(s, t, fields={CERTIFICATES: [[0, [0, key_hash(s.wallet.key.public)]]]}),
        402,
        "payment_mismatch",
    ),
    "no expiry": (lambda s, t: _signed(s, t, fields={TTL: None}), 402, "payment_mismatch"),
    "an expiry after the request's": (lambda s, t: _expiring(s, t, 1000), 402, "payment_mismatch"),
    "an expiry that is past": (lambda s, t: _expiring(s, t, 0), 402, "payment_mismatch"),
    "one lovelace too little": (
        lambda s, t: s.build(t, lovelace=s.payer.option(t).amount - 1),
        402,
        "payment_insufficient",
    ),
    "the amount in two outputs": (_split, 402, "payment_insufficient"),
}


@pytest.mark.parametrize("name", UNBROADCAST)
def test_a_wrong_transaction_is_refused_before_it_is_submitted(scene: Scene, name: str) -> None:
    make, status, code = UNBROADCAST[name]
    token = scene.buy()
    raw = make(scene, token)
    body = scene.refused(scene.payer.claim(token, raw=raw), status, code)
    assert status != 402 or body["paymentRequestToken"] == token
    assert not submitted(scene, raw)


def test_a_payment_on_another_network_is_refused(scene: Scene) -> None:
    token = scene.buy()
    raw = scene.build(token)
    for network in ("cardano:mainnet", "cardano:preprod", "eip155:8453"):
        payload = scene.payer.claim(token, raw=raw, network=network)
        scene.refused(payload, 402, "payment_mismatch")
    assert not submitted(scene, raw)


Forge = Callable[[Scene, str], str]


def _changed_request(scene: Scene, token: str, key: SigningKey, **changes: Any) -> str:
    request = jws.sign({**jws.peek(token)[1], **changes}, key)
    return scene.claim_by(scene.wallet.key, request, tx_hash="ab" * 32)


UNKNOWN: dict[str, Forge] = {
    "a request that was never stored": lambda s, t: _changed_request(
        s, t, s.stage.key, **dict.fromkeys(("id", "sub"), str(uuid.uuid4()))
    ),
    "a stored request with other terms": lambda s, t: _changed_request(
        s, t, s.stage.key, description="cheap"
    ),
    "another seller's request": lambda s, t: _changed_request(s, t, STRANGER, iss=STRANGER.public.did),
    "a request in the seller's name": lambda s, t: _changed_request(s, t, STRANGER),
    "an option that was not offered": lambda s, t: claim_token(
        PaymentClaim(t, "stripe", s.payer.did, NETWORK, "ab" * 32, None),
        s.wallet.key,
        now=s.stage.seller.now(),
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_claim_of_what_was_never_offered_is_refused(scene: Scene, name: str) -> None:
    scene.refused(UNKNOWN[name](scene, scene.buy()), 401, "claim_invalid")


@pytest.mark.parametrize("holder", [True, False], ids=["bound", "unbound"])
def test_a_stranger_cannot_claim_anothers_payment(scene: Scene, holder: bool) -> None:
    """Neither while it is on its way nor when everybody sees it on chain; its payer still can."""
    token = scene.buy(holder=holder)
    raw = scene.build(token)
    scene.refused(scene.claim_by(STRANGER, token, transaction=raw), 401, "claim_invalid")
    assert not submitted(scene, raw)
    tx_hash = scene.land(raw)
    scene.refused(scene.claim_by(STRANGER, token, tx_hash=tx_hash), 401, "claim_invalid")
    paid = scene.stage.run(scene.stage.seller.claim(scene.payer.claim(token, tx_hash=tx_hash)))
    assert paid.status_code == 200
    scene.refused(scene.claim_by(STRANGER, token, tx_hash=tx_hash), 401, "claim_invalid")


def test_a_payer_cannot_open_a_request_that_is_bound_to_another(scene: Scene) -> None:
    token = scene.buy()
    stranger = Payer(scene.devnet, scene.stage.seller, STRANGER)
    stranger.fund()
    raw = scene.stage.run(stranger.build(token)).raw
    scene.refused(scene.claim_by(STRANGER, token, transaction=raw), 401, "claim_invalid")
    assert not submitted(scene, raw)


def test_a_transaction_that_nobody_sees_is_pending(scene: Scene) -> None:
    body = scene.refused(scene.payer.claim(scene.buy(), tx_hash="ab" * 32), 409, "payment_pending")
    assert body["retryable"] is True


def test_a_payment_without_its_confirmations_is_accepted_and_not_final(scene: Scene) -> None:
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


def test_a_transaction_pays_one_request(scene: Scene) -> None:
    first, second = scene.buy(), scene.buy()
    tx_hash = scene.land(scene.build(first))
    # Not yet claimed, it is simply another request's; claimed, it is used.
    scene.refused(scene.payer.claim(second, tx_hash=tx_hash), 402, "payment_mismatch")
    answer = scene.stage.run(scene.stage.seller.claim(scene.payer.claim(first, tx_hash=tx_hash)))
    assert answer.status_code == 200
    scene.refused(scene.payer.claim(second, tx_hash=tx_hash), 409, "payment_already_used")


def test_another_payment_of_a_request_that_is_being_paid_waits(scene: Scene) -> None:
    token = scene.buy()
    tx_hash = scene.land(scene.build(token), blocks=1)
    payload = scene.payer.claim(token, tx_hash=tx_hash)
    assert scene.stage.run(scene.stage.seller.claim(payload)).status_code == 202
    other = scene.build(token)
    scene.refused(scene.payer.claim(token, raw=other), 409, "payment_pending")
    assert not submitted(scene, other)
    scene.devnet.blocks()
    assert scene.stage.run(scene.stage.seller.claim(payload)).status_code == 200
    scene.refused(scene.payer.claim(token, raw=other), 409, "payment_request_paid")
    assert not submitted(scene, other)


def test_a_second_payment_on_chain_is_kept_and_shown(scene: Scene) -> None:
    token = scene.buy()
    assert scene.stage.run(scene.payer.pay(token)).status_code == 200
    tx_hash = scene.land(scene.build(token))
    payload = scene.payer.claim(token, tx_hash=tx_hash)
    scene.refused(payload, 409, "payment_request_paid", KEPT)
    scene.refused(payload, 409, "payment_request_paid")
    assert surplus(scene)[tx_hash]["reason"] == "payment_request_paid"


def test_too_little_on_chain_is_kept_and_shown(scene: Scene) -> None:
    token = scene.buy()
    amount = scene.payer.option(token).amount
    tx_hash = scene.land(scene.build(token, lovelace=amount - 1))
    body = scene.refused(scene.payer.claim(token, tx_hash=tx_hash), 402, "payment_insufficient", KEPT)
    assert (body["paid"], body["required"], body["paymentRequestToken"]) == (amount - 1, amount, token)
    assert surplus(scene)[tx_hash] == {
        "transaction": tx_hash,
        "amount": amount - 1,
        "reason": "payment_insufficient",
    }


def test_a_payment_that_comes_late_is_kept_for_a_person(scene: Scene) -> None:
    token = expired_request(scene)
    tx_hash = scene.land(scene.build(token))
    body = scene.refused(scene.payer.claim(token, tx_hash=tx_hash), 409, "paid_late", KEPT)
    assert "paymentRequestToken" not in body
    assert surplus(scene)[tx_hash]["reason"] == "paid_late"
    request_id = jws.peek(token)[1]["id"]
    status = scene.stage.run(scene.stage.seller.http.get(f"/api/payments/{request_id}"))
    assert status.json()["state"] == "expired"


def test_a_transaction_for_an_expired_request_is_not_submitted(scene: Scene) -> None:
    token = expired_request(scene)
    for raw in (scene.build(token), _expiring(scene, token, 5), _signed(scene, token)):
        body = scene.refused(scene.payer.claim(token, raw=raw), 409, "payment_request_expired")
        assert "paymentRequestToken" not in body
        assert not submitted(scene, raw)


def test_a_wrong_payment_of_an_expired_request_asks_for_no_other(scene: Scene) -> None:
    """A machine pays whatever a 402 holds, so it holds no token that can no longer be paid."""
    token = expired_request(scene)
    tx_hash = scene.land(scene.build(token, recipient=ELSEWHERE))
    body = scene.refused(scene.payer.claim(token, tx_hash=tx_hash), 402, "payment_mismatch")
    assert "paymentRequestToken" not in body


def test_the_same_claim_twenty_times_at_once_has_one_effect(scene: Scene) -> None:
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


def test_the_receipt_is_for_the_payer_and_nobody_else(scene: Scene) -> None:
    token = scene.buy()
    receipt = scene.stage.run(scene.payer.pay(token)).json()["receipt"]
    path = f"/api/payments/{jws.peek(token)[1]['id']}"
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


def test_nothing_of_all_this_breaks_an_invariant(scene: Scene) -> None:
    before = scene.stage.ledger()
    assert scene.stage.run(scene.stage.seller.invariants()) == []
    assert added(before, scene.stage.ledger()) == {}


def expired_request(scene: Scene) -> str:
    """A stored payment request, signed by the seller, that expired a minute ago."""
    now, request_id = scene.stage.seller.now(), str(uuid.uuid4())
    good = jws.peek(scene.buy())[1]
    stamp = {"iat": now - 120, "exp": now - 60, "expiresAt": iso(now - 60)}
    token = jws.sign({**good, **stamp, "id": request_id, "sub": request_id}, scene.stage.key)
    row = {"id": request_id, "token": token, "product": "image-credit", "credits": 1, "price": 100}
    row |= {"currency": "USD", "holder": scene.payer.did, "created_at": now - 120, "expires_at": now - 60}
    insert: Awaitable[None] = scene.stage.seller.parts.database.transact(
        lambda tx: store.insert_request(tx, **row)
    )

    async def whole() -> None:
        await insert

    scene.stage.run(whole())
    return token


def iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def submitted(scene: Scene, raw: bytes) -> bool:
    """Whether the devnet knows the transaction."""
    try:
        tx_hash = parse(raw).id
    except TransactionError:
        return False
    waiting = scene.devnet.control("status", method="GET")["mempool"]
    return tx_hash in waiting or scene.devnet.ask(f"/txs/{tx_hash}").status_code == 200


def surplus(scene: Scene) -> dict[str, dict[str, Any]]:
    """Transaction → what `reconcile` says of the payment that opened no credits."""
    from paywall.reconciliation import Reconciliation

    parts = scene.stage.seller.parts
    checks = scene.stage.run(Reconciliation(parts.database, parts.custody, parts.chain).run())
    assert all(check.holds for check in checks)
    return {check.figures["transaction"]: check.figures for check in checks if "surplus" in check.name}
