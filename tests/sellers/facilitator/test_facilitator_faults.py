"""A chain that fails, lags, forks and refuses: what is not known is pending, with the transaction's id."""

from shared.cardano.read.transaction import parse
from shared.x402_cardano.reasons import ExactReason
from tests.sellers.facilitator.payments import Paying, payment, told
from tests.support.processes.devnet import DevnetProcess


def test_a_chain_that_is_killed_leaves_a_payment_pending(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        own_devnet.kill()
        verified = await paying.facilitator.verify(shown, paying.asked)
        waiting = await paying.facilitator.settle(shown, paying.asked)
        assert verified.reason is ExactReason.CHAIN
        assert (waiting.reason, waiting.transaction) == (ExactReason.PENDING, parse(raw).id)
        own_devnet.start()
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.kill()  # it was sent
        assert (await paying.facilitator.settle(shown, paying.asked)).transaction == parse(raw).id
        # Refused, it would be asked for anew while it is on its way.
        assert (await paying.facilitator.verify(shown, paying.asked)).valid
        own_devnet.start()
        own_devnet.blocks()
        assert (await paying.facilitator.settle(shown, paying.asked)).settled

    told(own_devnet, story)


def test_a_submit_whose_answer_is_lost_is_pending_and_then_settled(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        for fault in ("drop_before", "drop_after", "accept_then_error", "error"):
            paying.coin = paying.wallet.fund(own_devnet)
            shown = payment(paying.raw(), paying.asked)
            own_devnet.control("faults", {"submit": fault, "times": 1})
            assert (await paying.facilitator.settle(shown, paying.asked)).pending, fault
            assert (await paying.facilitator.settle(shown, paying.asked)).pending, fault
            own_devnet.blocks()
            assert (await paying.facilitator.settle(shown, paying.asked)).settled, fault

    told(own_devnet, story)


def test_what_the_ledger_refuses_is_refused_for_good(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        shown = payment(paying.raw(), paying.asked)
        own_devnet.control("faults", {"submit": "refuse", "times": 1})
        for _ in range(2):
            answer = await paying.facilitator.settle(shown, paying.asked)
            assert (answer.reason, answer.extra) == (ExactReason.REJECTED, {"status": "failed"})
            assert (await paying.facilitator.verify(shown, paying.asked)).reason is ExactReason.REJECTED
        assert own_devnet.mempool() == []

    told(own_devnet, story)


def test_what_another_transaction_spent_deep_enough_has_failed(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        shown = payment(paying.raw(), paying.asked)
        own_devnet.control("faults", {"submit": "lose", "times": 1})
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.submit(paying.wallet.sign(paying.body(lovelace=3_000_000)))
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.blocks(5)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.blocks()
        assert (await paying.facilitator.settle(shown, paying.asked)).reason is ExactReason.INPUT_GONE

    told(own_devnet, story)


def test_what_was_lost_by_a_node_is_pending_until_it_can_no_longer_land(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        shown = payment(paying.raw(), paying.asked)
        own_devnet.control("faults", {"submit": "lose", "times": 1})
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        assert own_devnet.mempool() == []  # a node took it: it is never sent again
        own_devnet.blocks(5, skip_slots=1000)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.blocks()
        answer = await paying.facilitator.settle(shown, paying.asked)
        assert answer.reason is ExactReason.FAILED
        assert (await paying.facilitator.verify(shown, paying.asked)).reason is ExactReason.FAILED

    told(own_devnet, story)


def test_an_index_that_hides_a_payment_never_makes_it_fail(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.blocks()
        own_devnet.hide(parse(raw).id)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.hide()
        assert (await paying.facilitator.settle(shown, paying.asked)).settled

    told(own_devnet, story)


def test_a_crash_before_the_answer_to_a_submit_is_made_good_by_the_next(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        paying.claims.mark(parse(raw).id, "sent")  # as a crash within the submit leaves it
        assert (await paying.again().settle(shown, paying.asked)).pending
        own_devnet.blocks()
        assert (await paying.again().settle(shown, paying.asked)).settled
        assert await paying.chain.inclusion(parse(raw).id) is not None

    told(own_devnet, story)


def test_a_payment_that_was_settled_a_while_ago_buys_nothing_more(own_devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        shown = payment(raw, paying.asked)
        assert (await paying.facilitator.settle(shown, paying.asked)).pending
        own_devnet.blocks()
        assert (await paying.facilitator.settle(shown, paying.asked)).settled
        later = paying.again(later=121)
        assert (await later.settle(shown, paying.asked)).reason is ExactReason.DUPLICATE
        assert (await later.verify(shown, paying.asked)).reason is ExactReason.DUPLICATE

    told(own_devnet, story)
