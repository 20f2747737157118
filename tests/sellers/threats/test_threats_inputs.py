"""Claims of money that is not the claimer's, or not there: refused before anything is stored or submitted.

Witnesses are outside a transaction's id: whoever sees a public payment can sign it too, so a signature alone
says nothing about whose money it was.
"""

from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import key_hash, to_bytes
from shared.cardano.metadata import payment_metadata
from shared.cardano.read.transaction import parse
from shared.keys import SigningKey
from shared.tokens.prt import token_hash
from tests.support.world.scenes.payment_scene import STRANGER, PaymentScene
from tests.support.world.seller import Payer
from tests.support.world.wallets.devnet_wallet import INPUTS, OUTPUTS, TTL, transaction_id

NOWHERE = "ab" * 32


def with_witness(raw: bytes, key: SigningKey) -> bytes:
    """The same transaction, signed by one more key."""
    body, witnesses, valid, auxiliary = cbor2.loads(raw)
    signature = key.sign(bytes.fromhex(parse(raw).id))
    witnesses[0] = [*witnesses[0], [key.public.raw, signature]]
    assert transaction_id(raw) == parse(raw).id
    return b"\x84" + b"".join(cbor2.dumps(part) for part in (body, witnesses, valid, auxiliary))


@pytest.mark.parametrize("how", ["transaction", "tx_hash"])
def test_a_stranger_who_signs_a_public_payment_too_cannot_claim_it(paying: PaymentScene, how: str) -> None:
    token = paying.buy(holder=False)
    raw = with_witness(paying.signed(token), STRANGER)
    tx_hash = paying.land(raw)
    proof: dict[str, Any] = {"transaction": raw} if how == "transaction" else {"tx_hash": tx_hash}
    paying.refused(paying.claim_by(STRANGER, token, **proof), 401, "claim_invalid")
    paid = paying.stage.run(paying.stage.seller.claim(paying.payer.claim(token, tx_hash=tx_hash)))
    assert paid.status_code == 200, paid.text


def test_a_stranger_who_signs_a_payment_that_is_not_sent_yet_cannot_claim_it(paying: PaymentScene) -> None:
    token = paying.buy(holder=False)
    raw = with_witness(paying.signed(token), STRANGER)
    paying.refused(paying.claim_by(STRANGER, token, transaction=raw), 401, "claim_invalid")
    assert not paying.submitted(raw)


def test_who_shows_the_bytes_of_a_payment_that_is_on_chain_is_paid(paying: PaymentScene) -> None:
    token = paying.buy()
    raw = paying.build(token)
    paying.land(raw)
    answer = paying.stage.run(paying.stage.seller.claim(paying.payer.claim(token, raw=raw)))
    assert answer.status_code == 200, answer.text


def test_inputs_that_never_existed_take_no_place(paying: PaymentScene) -> None:
    """The right payer's own payment goes through at once."""
    token = paying.buy()
    for index in range(3):
        junk = paying.signed(token, fields={INPUTS: [[bytes.fromhex(NOWHERE), index]]})
        body = paying.refused(paying.payer.claim(token, raw=junk), 409, "payment_pending")
        assert f"{NOWHERE}#{index}" in body["detail"]
        assert not paying.submitted(junk)
    assert paying.stage.run(paying.payer.pay(token)).status_code == 200


def test_an_output_that_its_transaction_does_not_have_takes_no_place(paying: PaymentScene) -> None:
    token = paying.buy()
    coin = paying.wallet.coins(paying.devnet)[0]
    junk = paying.signed(token, fields={INPUTS: [[bytes.fromhex(coin.tx_hash), 77]]})
    paying.refused(paying.payer.claim(token, raw=junk), 409, "payment_pending")
    assert not paying.submitted(junk)


def test_inputs_that_are_spent_pay_nothing(paying: PaymentScene) -> None:
    first, second = paying.buy(), paying.buy()
    landed, rival = paying.build(first), paying.build(second)
    paying.land(landed)
    body = paying.refused(paying.payer.claim(second, raw=rival), 402, "payment_mismatch")
    assert body["paymentRequestToken"] == second
    assert paying.stage.run(paying.payer.pay(second)).status_code == 200


def test_one_output_is_behind_one_payment_at_a_time(paying: PaymentScene) -> None:
    """One coin would do to have thousands of payments settle at once."""
    first, *others = (paying.buy() for _ in range(4))
    claims = [paying.payer.claim(token, raw=paying.build(token)) for token in (first, *others)]
    assert paying.stage.run(paying.stage.seller.claim(claims[0])).status_code == 202
    for claim in claims[1:]:
        paying.refused(claim, 409, "payment_pending")
    paying.devnet.blocks(2)
    assert paying.stage.run(paying.stage.seller.claim(claims[0])).status_code == 200
    for claim in claims[1:]:
        paying.refused(claim, 402, "payment_mismatch")
    assert paying.stage.run(paying.payer.pay(others[0])).status_code == 200


def test_a_payment_of_another_wallets_money_is_refused(paying: PaymentScene) -> None:
    """Junk that spends what is really there, and that only its owner could sign for."""
    rich = Payer(paying.devnet, paying.stage.seller)
    rich.fund()
    (utxo,) = paying.stage.run(paying.stage.seller.parts.chain.utxos(rich.address))
    token = paying.buy()
    stolen = paying.signed(token, fields={INPUTS: [[bytes.fromhex(utxo.tx_hash), utxo.index]]})
    paying.refused(paying.payer.claim(token, raw=stolen), 402, "payment_mismatch")
    assert not paying.submitted(stolen)


def test_a_payment_from_an_address_of_a_script_is_refused_before_it_is_submitted(
    paying: PaymentScene,
) -> None:
    script = bytes([0x70]) + key_hash(STRANGER.public)
    coin = max(paying.wallet.coins(paying.devnet), key=lambda coin: coin.lovelace)
    body = paying.wallet.body(coin)
    change = body[OUTPUTS][0][1] - 20_000_000
    locking = paying.wallet.sign(
        {**body, OUTPUTS: [[script, 20_000_000], [to_bytes(paying.wallet.address), change]]}
    )
    locked = paying.land(locking)
    token = paying.buy()
    raw = paying.signed(token, fields={INPUTS: [[bytes.fromhex(locked), 0]]})
    body_of_refusal = paying.refused(paying.payer.claim(token, raw=raw), 402, "payment_mismatch")
    assert "must be signed by the key of each address" in body_of_refusal["detail"]


def test_a_payment_that_spends_the_outputs_of_many_transactions_is_refused(paying: PaymentScene) -> None:
    """Each of them is a look at the chain."""
    token = paying.buy()
    many = [[bytes([n]) * 32, 0] for n in range(21)]
    raw = paying.signed(token, fields={INPUTS: many})
    paying.refused(paying.payer.claim(token, raw=raw), 402, "payment_mismatch")


def test_who_pays_twice_is_never_asked_to_pay_a_third_time(paying: PaymentScene) -> None:
    """A machine pays whatever a 402 holds: for a request that is paid there is none, whatever was wrong."""
    token = paying.buy()
    option = paying.payer.option(token)
    rival = paying.signed(token, pay=[(option.recipient, option.amount + 1)])
    assert paying.stage.run(paying.payer.pay(token)).status_code == 200
    paying.refused(paying.payer.claim(token, raw=rival), 409, "payment_request_paid")
    wrong = paying.wallet.sign(
        {**paying.body(token), TTL: 1}, metadata=payment_metadata(token_hash(paying.buy()))
    )
    paying.refused(paying.payer.claim(token, raw=wrong), 409, "payment_request_paid")
