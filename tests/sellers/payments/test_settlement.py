"""Settling, on both databases: money that was paid opens credits once, whatever happens on the way."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from shared.cardano.draft import Built
from tests.support.hostile.crashes import Crashes
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Payer, Selling
from tests.support.world.settling import dying, granted, is_settling, request_of, status, work

LIFE = 50  # slots that a payment may land in
FAR = 100  # slots past it in a single block, as an odd fork has them


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "error", "accept_then_error", "lose"])
@in_loop
async def test_a_submit_whose_outcome_is_not_known_is_settling_and_never_refused(
    selling: Selling, fault: str
) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        payload = payer.claim(token, raw=built.raw)
        seller.devnet.control("faults", {"submit": fault})
        answer = await seller.claim(payload)
        assert is_settling(answer)
        await work(seller)
        seller.devnet.blocks()
        paid = await seller.claim(payload)
        assert paid.status_code == 200, paid.text
        assert await granted(seller) == [3]
        assert (await burns.on_chain(seller, built.id)) is not None


@in_loop
async def test_a_payment_that_the_ledger_refuses_at_once_leaves_the_request_payable(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        payload = payer.claim(token, raw=(await payer.build(token)).raw)
        seller.devnet.control("faults", {"submit": "refuse"})
        refused = await seller.claim(payload)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_mismatch")
        assert refused.json()["paymentRequestToken"] == token
        assert (await payer.pay(token)).status_code == 200
        assert await granted(seller) == [3]


@pytest.mark.parametrize("first", ["drop_after", "drop_before"])
@in_loop
async def test_a_refusal_after_a_submit_of_unknown_outcome_is_not_believed(
    selling: Selling, first: str
) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        payload = payer.claim(token, raw=(await payer.build(token)).raw)
        for fault in (first, "refuse"):
            seller.devnet.control("faults", {"submit": fault})
            assert is_settling(await seller.claim(payload)), fault
        await work(seller)
        seller.devnet.blocks()
        assert (await seller.claim(payload)).status_code == 200
        assert await granted(seller) == [3]


@in_loop
async def test_a_payment_that_expired_for_good_leaves_the_request_payable(own_selling: Selling) -> None:
    async with own_selling(confirmations=2) as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        tip = await seller.parts.chain.tip()
        lost = await payer.build(token, expiry_slot=tip.slot + LIFE)
        payload = payer.claim(token, raw=lost.raw)
        request_id = None
        for slots in (0, LIFE + FAR):
            seller.devnet.blocks(skip_slots=slots)
            seller.devnet.control("faults", {"submit": "lose"})
            answer = await seller.claim(payload)
            assert is_settling(answer), slots
            request_id = answer.json()["payment_request_id"]
        seller.devnet.control("faults", method="DELETE")
        seller.devnet.blocks()  # depth is counted in blocks, however few slots they take
        refused = await seller.claim(payload)
        assert (refused.status_code, refused.json()["code"]) == (402, "payment_mismatch")
        assert (await status(seller, payer, str(request_id)))["state"] == "open"
        assert (await payer.pay(token)).status_code == 200
        assert (await status(seller, payer, str(request_id)))["state"] == "paid"
        assert await granted(seller) == [3]


@in_loop
async def test_a_payment_is_not_given_up_for_many_slots_in_few_blocks(own_selling: Selling) -> None:
    """We are on a sparse fork without it, and roll back to the chain that holds it."""
    async with own_selling(confirmations=2) as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        tip = await seller.parts.chain.tip()
        built = await payer.build(token, expiry_slot=tip.slot + LIFE)
        payload = payer.claim(token, raw=built.raw)
        assert is_settling(await seller.claim(payload))
        seller.devnet.blocks()
        seller.devnet.hide(built.id)
        for _ in range(3):  # no block comes for long, then one that is far ahead
            await work(seller)
            assert is_settling(await seller.claim(payload))
        seller.devnet.blocks(skip_slots=LIFE + FAR)
        await work(seller)
        assert is_settling(await seller.claim(payload))
        seller.devnet.hide()
        assert (await seller.claim(payload)).status_code == 200
        assert await granted(seller) == [3]


async def rivals(payer: Payer, token: str, count: int) -> list[Built]:
    """As many payments of one request; each one pays a little more, all spend the same money."""
    amount = payer.option(token).amount
    return [await payer.build(token, lovelace=amount + n) for n in range(count)]


@in_loop
async def test_a_second_payment_of_a_request_is_told_to_wait_and_then_that_it_is_paid(
    selling: Selling,
) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        first, second = await rivals(payer, token, 2)
        assert is_settling(await seller.claim(payer.claim(token, raw=first.raw)))
        told = await seller.claim(payer.claim(token, raw=second.raw))
        assert (told.status_code, told.json()["code"]) == (409, "payment_pending")
        assert told.headers["retry-after"]
        seller.devnet.blocks()
        assert (await seller.claim(payer.claim(token, raw=first.raw))).status_code == 200
        told = await seller.claim(payer.claim(token, raw=second.raw))
        assert (told.status_code, told.json()["code"]) == (409, "payment_request_paid")
        assert await burns.on_chain(seller, second.id) is None
        assert await granted(seller) == [3]


@in_loop
async def test_a_second_payment_that_is_on_chain_is_kept_for_a_person(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        assert (await payer.pay(token)).status_code == 200
        second = await payer.build(token)
        await seller.parts.chain.submit(second.raw)
        seller.devnet.blocks()
        for _ in range(2):
            told = await seller.claim(payer.claim(token, tx_hash=second.id))
            assert (told.status_code, told.json()["code"]) == (409, "payment_request_paid")
        kept = await seller.parts.database.read(
            lambda tx: tx.connection.execute(
                text("SELECT external_id, reason FROM payment WHERE state = 'surplus'")
            ).all()
        )
        assert [tuple(row) for row in kept] == [(second.id, "payment_request_paid")]
        assert await granted(seller) == [3]


@pytest.mark.parametrize("how", ["raw", "tx_hash"])
@in_loop
async def test_one_claim_twenty_times_at_once_has_one_effect_and_one_answer(
    selling: Selling, how: str
) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        if how == "tx_hash":
            await seller.parts.chain.submit(built.raw)
            seller.devnet.blocks()
            payload = payer.claim(token, tx_hash=built.id)
        else:
            payload = payer.claim(token, raw=built.raw)
            told = await asyncio.gather(*(seller.claim(payload) for _ in range(20)))
            assert all(is_settling(answer) for answer in told)
            seller.devnet.blocks()
        told = await asyncio.gather(*(seller.claim(payload) for _ in range(20)))
        assert {answer.status_code for answer in told} == {200}
        assert len({answer.json()["receipt"] for answer in told}) == 1
        assert await granted(seller) == [3]


@in_loop
async def test_of_twenty_payments_of_one_request_at_once_one_is_taken(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        payloads = [payer.claim(token, raw=built.raw) for built in await rivals(payer, token, 20)]
        told = await asyncio.gather(*(seller.claim(payload) for payload in payloads))
        assert Counter(answer.status_code for answer in told) == {202: 1, 409: 19}
        seller.devnet.blocks()
        await work(seller)
        told = await asyncio.gather(*(seller.claim(payload) for payload in payloads))
        assert Counter(answer.status_code for answer in told) == {200: 1, 409: 19}
        assert await granted(seller) == [3]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@in_loop
async def test_a_seller_that_dies_at_any_call_of_a_claim_takes_it_up_again(
    selling: Selling, after: bool
) -> None:
    async with selling() as seller:
        payer = seller.payer()
        died_at = []
        for at in range(100):
            crashes = Crashes(at, after=after)
            token = await payer.buy(3)
            payload = payer.claim(token, raw=(await payer.build(token)).raw)
            with dying(seller, crashes):
                answer = await seller.claim(payload)
                seller.devnet.blocks()
                if not crashes.happened:
                    answer = await seller.claim(payload)
            assert answer.status_code == (500 if crashes.happened else 200), crashes.name
            request_id = request_of(seller, token)
            await work(seller)
            seller.devnet.blocks()
            await work(seller)
            if (await status(seller, payer, request_id))["state"] == "open":
                assert is_settling(await seller.claim(payload)), crashes.name  # it was not stored yet
                seller.devnet.blocks()
                await work(seller)
            assert "receipt" in await status(seller, payer, request_id), crashes.name
            assert await granted(seller) == [3] * (at + 1)
            if not crashes.happened:
                break
            died_at.append(crashes.name.split()[1])
        assert set(died_at) >= {"read", "transact", "tip", "submit", "inclusion"}
