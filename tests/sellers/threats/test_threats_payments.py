"""Payments that are not what was asked for, or not whose they are said to be.

Threats of `reference/reliability.md` under "Rails". Whatever is refused before it is broadcast is never submitted.
`test_threats_claims.py` has those of payments that were made.
"""

import uuid
from collections.abc import Callable
from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import key_hash
from shared.cardano.metadata import payment_metadata
from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.tokens import jws
from shared.tokens.prt import token_hash
from tests.support.world.scenes.payment_scene import ELSEWHERE, STRANGER, PaymentScene
from tests.support.world.seller import NETWORK, Payer
from tests.support.world.wallets.devnet_wallet import CERTIFICATES, MINT, OUTPUTS, TTL


def test_the_wallet_can_pay_rightly(paying: PaymentScene) -> None:
    token = paying.buy()
    raw = paying.wallet.sign(paying.body(token), metadata=payment_metadata(token_hash(token)))
    answer = paying.stage.run(paying.stage.seller.claim(paying.payer.claim(token, raw=raw)))
    assert answer.status_code == 202, answer.text
    paying.devnet.blocks(2)
    assert paying.stage.run(paying.stage.seller.claim(paying.payer.claim(token, raw=raw))).status_code == 200


def _split(paying: PaymentScene, token: str) -> bytes:
    option = paying.payer.option(token)
    half = -(-option.amount // 2)
    return paying.signed(token, pay=[(option.recipient, half), (option.recipient, half)])


def _tokens_for_ada(paying: PaymentScene, token: str) -> bytes:
    outputs = paying.body(token)[OUTPUTS]
    outputs[0][1] = [outputs[0][1], {paying.wallet.policy: {b"GOLD": 5}}]
    return paying.signed(token, fields={OUTPUTS: outputs})


def _bad_signature(paying: PaymentScene, token: str) -> bytes:
    raw = paying.signed(token)
    signature = cbor2.loads(raw)[1][0][0][1]
    return raw.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))


def _metadata_swapped(paying: PaymentScene, token: str) -> bytes:
    """Signed with another request's hash; the right one takes its place after the signing."""
    wrong, right = payment_metadata(bytes(32)), payment_metadata(token_hash(token))
    return paying.signed(token, metadata=wrong).removesuffix(cbor2.dumps(wrong)) + cbor2.dumps(right)


def _expiring(paying: PaymentScene, token: str, slots: int) -> bytes:
    return paying.build(token, expiry_slot=int(paying.devnet.get("/blocks/latest")["slot"]) + slots)


Make = Callable[[PaymentScene, str], bytes]
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
    "no metadata": (lambda s, t: s.signed(t, metadata=None), 402, "payment_mismatch"),
    "the hash under another label": (
        lambda s, t: s.signed(t, metadata={674: {"prt": token_hash(t)}}),
        402,
        "payment_mismatch",
    ),
    "metadata swapped after signing": (_metadata_swapped, 402, "payment_mismatch"),
    "other assets": (_tokens_for_ada, 402, "payment_mismatch"),
    "a mint": (
        lambda s, t: s.signed(t, fields={MINT: {s.wallet.policy: {b"GOLD": 5}}}),
        402,
        "payment_mismatch",
    ),
    "a certificate": (
        lambda s, t: s.signed(t, fields={CERTIFICATES: [[0, [0, key_hash(s.wallet.key.public)]]]}),
        402,
        "payment_mismatch",
    ),
    "no expiry": (lambda s, t: s.signed(t, fields={TTL: None}), 402, "payment_mismatch"),
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
def test_a_wrong_transaction_is_refused_before_it_is_submitted(paying: PaymentScene, name: str) -> None:
    make, status, code = UNBROADCAST[name]
    token = paying.buy()
    raw = make(paying, token)
    body = paying.refused(paying.payer.claim(token, raw=raw), status, code)
    assert status != 402 or body["paymentRequestToken"] == token
    assert not paying.submitted(raw)


def test_a_payment_on_another_network_is_refused(paying: PaymentScene) -> None:
    token = paying.buy()
    raw = paying.build(token)
    for network in ("cardano:mainnet", "cardano:preprod", "eip155:8453"):
        payload = paying.payer.claim(token, raw=raw, network=network)
        paying.refused(payload, 402, "payment_mismatch")
    assert not paying.submitted(raw)


Forge = Callable[[PaymentScene, str], str]


def _changed_request(paying: PaymentScene, token: str, key: SigningKey, **changes: Any) -> str:
    request = jws.sign({**jws.unverified(token)[1], **changes}, key)
    return paying.claim_by(paying.wallet.key, request, tx_hash="ab" * 32)


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
        Evidence(t, "stripe", s.payer.did, NETWORK, {"txHash": "ab" * 32}),
        s.wallet.key,
        now=s.stage.seller.now(),
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_claim_of_what_was_never_offered_is_refused(paying: PaymentScene, name: str) -> None:
    paying.refused(UNKNOWN[name](paying, paying.buy()), 401, "claim_invalid")


@pytest.mark.parametrize("holder", [True, False], ids=["bound", "unbound"])
def test_a_stranger_cannot_claim_anothers_payment(paying: PaymentScene, holder: bool) -> None:
    """Neither while it is on its way nor when everybody sees it on chain; its payer still can."""
    token = paying.buy(holder=holder)
    raw = paying.build(token)
    paying.refused(paying.claim_by(STRANGER, token, transaction=raw), 401, "claim_invalid")
    assert not paying.submitted(raw)
    tx_hash = paying.land(raw)
    paying.refused(paying.claim_by(STRANGER, token, tx_hash=tx_hash), 401, "claim_invalid")
    paid = paying.stage.run(paying.stage.seller.claim(paying.payer.claim(token, tx_hash=tx_hash)))
    assert paid.status_code == 200
    paying.refused(paying.claim_by(STRANGER, token, tx_hash=tx_hash), 401, "claim_invalid")


def test_a_payer_cannot_open_a_request_that_is_bound_to_another(paying: PaymentScene) -> None:
    token = paying.buy()
    stranger = Payer(paying.devnet, paying.stage.seller, STRANGER)
    stranger.fund()
    raw = paying.stage.run(stranger.build(token)).raw
    paying.refused(paying.claim_by(STRANGER, token, transaction=raw), 401, "claim_invalid")
    assert not paying.submitted(raw)


@pytest.mark.parametrize("lovelace", [2**63, 2**64 - 1], ids=str)
def test_an_amount_that_no_column_holds_is_refused(paying: PaymentScene, lovelace: int) -> None:
    """The ledger's format allows 64 bits, a database 63, and there are not 2^56 lovelace in the world."""
    token = paying.buy()
    outputs = paying.body(token)[OUTPUTS]
    outputs[0][1] = lovelace
    raw = paying.signed(token, fields={OUTPUTS: outputs})
    paying.refused(paying.payer.claim(token, raw=raw), 401, "claim_invalid")
