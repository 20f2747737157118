"""The facilitator in process: what it verifies, settles and says while it does not know."""

import asyncio
from dataclasses import replace

from shared.cardano.read.transaction import parse
from shared.keys import SigningKey
from shared.x402_cardano.reasons import ExactReason
from tests.sellers.facilitator.payments import Paying, payment, requirements, told
from tests.support.processes.devnet import DevnetProcess


def test_a_payment_is_verified_without_effect_and_settled_in_a_block(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        verified = await paying.facilitator.verify(shown, paying.asked)
        assert verified.document() == {"isValid": True, "payer": paying.wallet.address}
        assert (devnet.mempool(), paying.claims.find(_id(raw))) == ([], None)
        waiting = await paying.facilitator.settle(shown, paying.asked)
        assert (waiting.reason, waiting.transaction) == (ExactReason.PENDING, _id(raw))
        assert devnet.mempool() == [_id(raw)]
        devnet.blocks()
        settled = await paying.facilitator.settle(shown, paying.asked)
        assert settled.document() == {
            "success": True,
            "payer": paying.wallet.address,
            "transaction": _id(raw),
            "network": "cardano:devnet",
            "extra": {"status": "confirmed", "confirmations": 0},
        }
        again = await paying.facilitator.settle(shown, paying.asked)
        assert (again, again.document()["extra"]["repeated"]) == (replace(settled, repeated=True), True)
        assert (await paying.facilitator.verify(shown, paying.asked)).valid

    told(devnet, story)


def test_one_settle_waits_for_the_blocks_that_were_asked_for(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        asked = requirements(paying.seller, extra={"confirmationPolicy": {"l1Confirmations": 2}})
        shown = payment(paying.raw(), asked)
        patient = paying.again(patience=60)
        settling = asyncio.create_task(patient.settle(shown, asked))
        await paying.waits()
        devnet.blocks(2)
        assert (await paying.facilitator.settle(shown, asked)).document()["extra"]["confirmations"] == 1
        devnet.blocks()
        settled = await settling
        assert (settled.settled, settled.extra["confirmations"]) == (True, 2)

    told(devnet, story)


def test_twenty_at_once_are_one_transaction_and_one_answer(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        shown, shown_id = payment(raw := paying.raw(), paying.asked), _id(raw)
        settling = [paying.facilitator.settle(shown, paying.asked) for _ in range(20)]
        answers = await asyncio.gather(*settling)
        assert ({answer.reason for answer in answers}, len(devnet.mempool())) == ({ExactReason.PENDING}, 1)
        devnet.blocks()
        settling = [paying.facilitator.settle(shown, paying.asked) for _ in range(20)]
        answers = await asyncio.gather(*settling)
        assert {(answer.settled, answer.transaction) for answer in answers} == {(True, shown_id)}
        assert [answer.repeated for answer in answers].count(False) == 1

    told(devnet, story)


def test_one_transaction_is_not_settled_for_two_requirements(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        other = requirements(paying.seller, amount="1000000")
        raw = paying.raw()
        answers = await asyncio.gather(
            *(paying.facilitator.settle(payment(raw, asked), asked) for asked in (paying.asked, other))
        )
        assert sorted(str(answer.reason) for answer in answers) == [
            "duplicate_settlement",
            "settlement_pending",
        ]
        devnet.blocks()
        verified = await paying.facilitator.verify(payment(raw, other), other)
        taken = answers[0].pending
        assert verified.reason is (ExactReason.DUPLICATE if taken else None)

    told(devnet, story)


def test_what_was_claimed_before_a_crash_is_settled_after_it(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        devnet.blocks()
        assert (await paying.again().settle(shown, paying.asked)).settled

    told(devnet, story)


def test_a_transaction_that_others_sent_pays_nobody(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        devnet.submit(raw)
        assert (await paying.facilitator.verify(shown, paying.asked)).reason is ExactReason.DUPLICATE
        devnet.blocks()
        assert (await paying.facilitator.settle(shown, paying.asked)).reason is ExactReason.NONCE_GONE

    told(devnet, story)


def test_what_strangers_make_of_a_payment_under_way_changes_nothing(devnet: DevnetProcess) -> None:
    """Its bytes are public once they were sent: others can name another nonce, and sign it besides or instead."""

    async def story(paying: Paying) -> None:
        raw = paying.raw()
        good = payment(raw, paying.asked)
        instead = payment(paying.wallet.sign(paying.body_of(raw), key=SigningKey.generate()), paying.asked)
        elsewhere = {**good, "payload": {**good["payload"], "nonce": f"{paying.spent()}#0"}}
        shown = [instead, elsewhere, good, instead, elsewhere]
        answers = await asyncio.gather(*(paying.facilitator.settle(one, paying.asked) for one in shown))
        assert [answer.reason for answer in answers[:3]] == [
            ExactReason.SIGNATURE,
            ExactReason.NONCE_NOT_SPENT,
            ExactReason.PENDING,
        ]
        devnet.blocks(7)
        answers = await asyncio.gather(*(paying.facilitator.settle(one, paying.asked) for one in shown))
        assert [answer.repeated for answer in answers if answer.settled] == [True, False, True]
        assert {answer.transaction for answer in answers if answer.settled} == {_id(raw)}

    told(devnet, story)


def _id(raw: bytes) -> str:
    return parse(raw).id
