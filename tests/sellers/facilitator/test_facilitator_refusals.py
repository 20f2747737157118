"""Each rule of the scheme refuses what breaks it, by its reason; neither a verification nor a refusal has effects."""

import base64
import random
from collections.abc import Callable
from typing import Any

import cbor2
import pytest

from shared.cardano.addresses import to_bytes
from shared.cardano.metadata import payment_metadata
from shared.keys import SigningKey
from shared.x402_cardano.reasons import ExactReason
from tests.sellers.facilitator.payments import AMOUNT, NETWORK, Paying, payment, requirements, told
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import (
    CERTIFICATES,
    FEE,
    INPUTS,
    MINT,
    NETWORK_ID,
    OUTPUTS,
    TTL,
    VALID_FROM,
    Wallet,
)

Body = dict[int, Any]
POLICY = bytes(28)


def spoiled(change: Callable[[Paying, Body], object]) -> Callable[[Paying], bytes]:
    """A signed transaction whose body was changed before."""

    def raw(paying: Paying) -> bytes:
        body = paying.body()
        change(paying, body)
        return paying.wallet.sign(body)

    return raw


def unsigned(paying: Paying) -> bytes:
    return b"\x84" + cbor2.dumps(paying.body()) + b"\xa0\xf5\xf6"


def by_another(paying: Paying) -> bytes:
    return paying.wallet.sign(paying.body(), key=SigningKey.generate())


def named_for_another(paying: Paying) -> bytes:
    """A payment by ACK-Pay or MPP: it pays the request that it names."""
    return paying.wallet.sign(paying.body(), metadata=payment_metadata(bytes(32)))


def wrongly_signed(paying: Paying) -> bytes:
    signed = bytearray(paying.raw())
    signed[-3] ^= 1  # within the signature, before `true` and `null`
    return bytes(signed)


def cut_off(paying: Paying) -> bytes:
    """Another's metadata taken off: the id stays."""
    return paying.wallet.sign(paying.body(), metadata={1: 2})[: -len(cbor2.dumps({1: 2}))] + b"\xf6"


def in_two(paying: Paying, body: Body) -> None:
    """The amount in two outputs."""
    half = AMOUNT // 2
    body[OUTPUTS][0][1] = half
    body[OUTPUTS].append([to_bytes(paying.seller), half])


def to_self(paying: Paying, body: Body) -> None:
    body[OUTPUTS] = body[OUTPUTS][1:]
    body[OUTPUTS][0][1] += AMOUNT


def with_change(index: int, value: Any) -> Callable[[Paying, Body], object]:
    return lambda _paying, body: body.__setitem__(index, value)


def more(index: int, by: int) -> Callable[[Paying, Body], object]:
    return lambda _paying, body: body.__setitem__(index, body[index] + by)


def with_tokens(_: Paying, body: Body) -> None:
    body[OUTPUTS][0][1] = [AMOUNT, {POLICY: {b"junk": 1}}]


TRANSACTIONS = [
    (unsigned, ExactReason.UNSIGNED),
    (named_for_another, ExactReason.PAYLOAD),
    (by_another, ExactReason.SIGNATURE),
    (wrongly_signed, ExactReason.SIGNATURE),
    (cut_off, ExactReason.PHASE_1),
    (spoiled(with_change(NETWORK_ID, 1)), ExactReason.NETWORK_ID),
    (spoiled(with_change(MINT, {POLICY: {b"x": 1}})), ExactReason.PHASE_1),
    (spoiled(with_change(CERTIFICATES, [[0, [0, bytes(28)]]])), ExactReason.PHASE_1),
    (spoiled(with_change(22, 1_000_000)), ExactReason.PHASE_1),  # a donation
    (spoiled(lambda _, body: body.pop(TTL)), ExactReason.EXPIRES_LATE),
    (spoiled(more(TTL, 1000)), ExactReason.EXPIRES_LATE),
    (spoiled(with_change(TTL, 1)), ExactReason.EXPIRED),
    (spoiled(lambda _, body: body.update({VALID_FROM: body[TTL]})), ExactReason.NOT_YET),
    (spoiled(to_self), ExactReason.RECIPIENT),
    (spoiled(in_two), ExactReason.AMOUNT),
    (spoiled(with_tokens), ExactReason.ASSET),
    (spoiled(more(FEE, 1)), ExactReason.UNBALANCED),
    (lambda paying: paying.wallet.sign(paying.body(fee=100_000)), ExactReason.FEE),
    (
        spoiled(lambda _, body: body[INPUTS].append([bytes(32), 0])),
        ExactReason.INPUT_GONE,
    ),
]


NAMES = [f"{number} {reason.name}" for number, (_, reason) in enumerate(TRANSACTIONS)]


@pytest.mark.parametrize(("made", "reason"), TRANSACTIONS, ids=NAMES)
def test_a_transaction_that_breaks_a_rule_is_refused(
    devnet: DevnetProcess, made: Callable[[Paying], bytes], reason: ExactReason
) -> None:
    async def story(paying: Paying) -> None:
        raw = made(paying)
        shown = {"x402Version": 2, "accepted": paying.asked, "payload": _payload(raw, paying)}
        assert (await paying.facilitator.verify(shown, paying.asked)).reason is reason
        answer = await paying.facilitator.settle(shown, paying.asked)
        assert (answer.reason, answer.settled, devnet.mempool()) == (reason, False, [])

    told(devnet, story)


def _payload(raw: bytes, paying: Paying) -> dict[str, str]:
    nonce = f"{paying.coin.tx_hash}#{paying.coin.index}"
    return {"transaction": base64.b64encode(raw).decode(), "nonce": nonce}


def test_too_little_in_an_output_is_refused_before_a_node_does(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        asked = requirements(paying.seller, amount="800000")
        raw = paying.wallet.sign(paying.body(lovelace=800_000))
        assert (await paying.facilitator.verify(payment(raw, asked), asked)).reason is ExactReason.MIN_UTXO

    told(devnet, story)


def test_a_seller_who_moves_his_own_money_paid_for_nothing(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        asked = requirements(paying.wallet.address)
        assert (
            await paying.facilitator.verify(payment(paying.raw(), asked), asked)
        ).reason is ExactReason.RECIPIENT

    told(devnet, story)


def test_no_bytes_make_it_raise(devnet: DevnetProcess) -> None:
    """A signed payment with bytes changed, cut and put in: each is refused, or says the same as before."""

    async def story(paying: Paying) -> None:
        chance, good = random.Random(7), paying.raw()
        for _ in range(400):
            raw = bytearray(good)
            at = chance.randrange(len(raw))
            match chance.randrange(3):
                case 0:
                    raw[at] ^= 1 << chance.randrange(8)
                case 1:
                    del raw[at : at + chance.randrange(1, 9)]
                case 2:
                    raw[at:at] = chance.randbytes(chance.randrange(1, 9))
            shown = {"x402Version": 2, "accepted": paying.asked, "payload": _payload(bytes(raw), paying)}
            verified = await paying.facilitator.verify(shown, paying.asked)
            assert verified.reason is not None, bytes(raw).hex()
        junks: list[Any] = [
            None,
            7,
            "x",
            [],
            {"payload": {}},
            {"x402Version": 2, "accepted": 1, "payload": 2},
        ]
        for junk in junks:
            assert not (await paying.facilitator.verify(junk, junk)).valid
            assert not (await paying.facilitator.settle(junk, junk)).settled

    told(devnet, story)


def test_the_wallet_of_these_tests_pays_when_nothing_is_spoiled(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        assert isinstance(paying.wallet, Wallet)
        assert paying.asked["network"] == NETWORK
        assert (await paying.facilitator.verify(payment(paying.raw(), paying.asked), paying.asked)).valid

    told(devnet, story)
