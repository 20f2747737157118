"""Payments that were settled and then undone by a fork, on both databases: what is left of their credits goes."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from paywall import clock
from paywall.ops.reconcile import Reconciliation
from paywall.payments.reversing.reversals import Reversals
from paywall.rails.cardano import rail as cardano
from shared.chain.base import ChainUnavailable
from tests.support.world.image_maker import SLOW, PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import Payer, Seller, Selling
from tests.support.world.settling import request_of, status, work


async def watch(seller: Seller, times: int = 1) -> None:
    """The worker's look at settled payments, whenever the last one was."""
    rails = seller.parts._adapters.rails
    reversals = Reversals(database=seller.parts.database, rails=rails, clock=clock.unix_now, pause=0)
    for _ in range(times):
        await reversals.step()


async def double_spend(seller: Seller, payer: Payer) -> None:
    """The block with the payment is undone, and the payer's money goes elsewhere, one block deep."""
    seller.devnet.rollback(1)
    token = await payer.buy(9)
    rival = await payer.build(token)
    assert seller.devnet.submit(rival.raw).status_code == 200
    seller.devnet.blocks()


async def buckets(seller: Seller) -> dict[str, int]:
    query = "SELECT granted, available, reserved, captured, revoked FROM credit_account"
    row = await seller.parts.database.read(lambda tx: tx.connection.execute(text(query)).mappings().one())
    return dict(row)


async def told(seller: Seller) -> dict[str, Any]:
    """What `reconcile` says of the payment that was undone."""
    checks = await Reconciliation(seller.parts.database, seller.custody, seller.parts.chain).run()
    assert all(check.holds for check in checks)
    (found,) = [check.figures for check in checks if "undone" in check.name]
    return found


@in_loop
async def test_a_payment_that_vanished_for_good_takes_its_credits_along(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        receipt = (await payer.pay(token)).json()["receipt"]
        assert (await payer.generate(receipt, {"prompt": "a cat"}, "first")).status_code == 200
        await double_spend(seller, payer)
        await watch(seller, 2)
        lost = {"granted": 3, "available": 0, "reserved": 0, "captured": 1, "revoked": 2}
        assert await buckets(seller) == lost
        figures = await told(seller)
        assert (figures["revoked"], figures["lost"], figures["reserved"]) == (2, 1, 0)
        assert "spent by another" in figures["reason"]
        check_problem(await payer.generate(receipt, {"prompt": "a dog"}), 409, "payment_reversed")
        again = await payer.generate(receipt, {"prompt": "a cat"}, "first")
        assert again.status_code == 200  # what was delivered stays delivered
        seen = await status(seller, payer, request_of(seller, token))
        assert (seen["state"], "receipt" in seen) == ("reversed", False)
        metrics = await seller.metrics()
        assert 'paywall_undone_credits{state="lost"} 1.0' in metrics
        assert 'paywall_payments{state="reversed"} 1.0' in metrics


@in_loop
async def test_a_claim_of_a_payment_that_was_undone_opens_nothing(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        claim = payer.claim(token, raw=built.raw)
        assert (await seller.claim(claim)).status_code == 202
        seller.devnet.blocks()
        assert (await seller.claim(claim)).status_code == 200
        await double_spend(seller, payer)
        await watch(seller)
        check_problem(await seller.claim(claim), 409, "payment_reversed")
        late = await payer.build(token)
        check_problem(await seller.claim(payer.claim(token, raw=late.raw)), 409, "payment_reversed")
        assert (await buckets(seller))["revoked"] == 3


@in_loop
async def test_credits_that_were_reserved_meanwhile_are_revoked_when_they_are_released(
    own_selling: Selling,
) -> None:
    maker = PlainMaker()
    async with own_selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(3)
        drawing = asyncio.create_task(payer.generate(receipt, {"prompt": SLOW}))
        await maker.started.wait()
        await double_spend(seller, payer)
        await watch(seller)
        reserved = {"granted": 3, "available": 0, "reserved": 1, "captured": 0, "revoked": 2}
        assert await buckets(seller) == reserved
        assert await seller.invariants() == []
        await seller.parts.database.transact(
            lambda tx: tx.connection.execute(text("UPDATE redemption SET deadline = 0"))
        )
        assert await seller.parts.worker._sweeping.sweep() == 1
        assert await buckets(seller) == reserved | {"reserved": 0, "revoked": 3}
        maker.released.set()
        assert (await drawing).status_code == 502
        assert (await told(seller))["revoked"] == 3


@pytest.mark.parametrize("looks", [1, 3])
@in_loop
async def test_a_payment_that_lands_again_in_time_loses_nothing(own_selling: Selling, looks: int) -> None:
    """The seller hands the same bytes in again: it is its own money that went."""
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await payer.receipt(3)
        seller.devnet.rollback(1)
        await watch(seller, looks)
        seller.devnet.blocks()
        await watch(seller)
        assert (await buckets(seller))["available"] == 3
        assert (await payer.generate(receipt, {"prompt": "a cat"})).status_code == 200


@in_loop
async def test_a_rival_that_is_not_deep_yet_takes_nothing(own_selling: Selling) -> None:
    async with own_selling(confirmations=2) as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        claim = payer.claim(token, raw=built.raw)
        assert (await seller.claim(claim)).status_code == 202
        seller.devnet.blocks(2)
        assert (await seller.claim(claim)).status_code == 200
        seller.devnet.rollback(2)
        rival = await payer.build(await payer.buy(9))
        assert seller.devnet.submit(rival.raw).status_code == 200
        seller.devnet.blocks()
        await watch(seller)
        assert (await buckets(seller))["available"] == 3
        seller.devnet.blocks()
        await watch(seller)
        assert (await buckets(seller))["revoked"] == 3


@in_loop
async def test_an_index_that_hides_a_payment_past_its_expiry_takes_nothing(own_selling: Selling) -> None:
    """What it spends is shown to be spent by it."""
    async with own_selling() as seller:
        payer = seller.payer()
        token, tip = await payer.buy(3), await seller.parts.chain.tip()
        raw = (await payer.build(token, expiry_slot=tip.slot + 20)).raw
        assert seller.devnet.submit(raw).status_code == 200
        seller.devnet.blocks()
        assert (await seller.claim(payer.claim(token, raw=raw))).status_code == 200
        seller.devnet.blocks(skip_slots=40)
        rail: Any = next(iter(seller.parts._adapters.rails))
        chain = rail._chain

        class Gap:
            def __getattr__(self, name: str) -> Any:
                return getattr(chain, name)

            async def inclusion(self, _tx_hash: str) -> None:
                return None

        rail._chain = Gap()
        await watch(seller, 2)
        rail._chain = chain
        assert (await buckets(seller))["available"] == 3


@in_loop
async def test_a_sparse_fork_without_the_payment_takes_nothing_until_it_is_deep(own_selling: Selling) -> None:
    async with own_selling(confirmations=2) as seller:
        payer = seller.payer()
        token, tip = await payer.buy(3), await seller.parts.chain.tip()
        built = await payer.build(token, expiry_slot=tip.slot + 20)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks(2)
        assert (await seller.claim(payer.claim(token, raw=built.raw))).status_code == 200
        seller.devnet.hide(built.id)
        seller.devnet.blocks(skip_slots=40)
        await watch(seller, 2)
        assert (await buckets(seller))["available"] == 3
        seller.devnet.blocks()
        await watch(seller)
        assert (await buckets(seller))["revoked"] == 3


@in_loop
async def test_a_payment_whose_own_money_was_undone_takes_its_credits_along(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rival spends what the payment's parent spent: of what the payment spends, nothing is left to be seen."""
    async with own_selling() as seller:
        payer = seller.payer()
        rival = await payer.build(await payer.buy(9))
        parent = await payer.build(await payer.buy(9))
        assert seller.devnet.submit(parent.raw).status_code == 200
        seller.devnet.blocks()
        token, tip = await payer.buy(3), await seller.parts.chain.tip()
        raw = (await payer.build(token, expiry_slot=tip.slot + 20)).raw
        assert seller.devnet.submit(raw).status_code == 200
        seller.devnet.blocks()
        assert (await seller.claim(payer.claim(token, raw=raw))).status_code == 200
        seller.devnet.rollback(2)
        assert seller.devnet.submit(rival.raw).status_code == 200
        seller.devnet.blocks(skip_slots=40)
        await watch(seller)
        assert (await buckets(seller))["available"] == 3  # an index may lag for a day
        monkeypatch.setattr(cardano, "NEVER_EXPIRES_SECONDS", 0)
        await watch(seller)
        assert (await buckets(seller))["revoked"] == 3


@in_loop
async def test_a_payment_that_was_undone_and_stands_again_has_its_credits_again(own_selling: Selling) -> None:
    async with own_selling(final_depth=2) as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        claim = payer.claim(token, raw=built.raw)
        assert (await seller.claim(claim)).status_code == 202
        seller.devnet.blocks()
        receipt = (await seller.claim(claim)).json()["receipt"]
        assert (await payer.generate(receipt, {"prompt": "a cat"})).status_code == 200
        await double_spend(seller, payer)
        await watch(seller)
        lost = {"granted": 3, "available": 0, "reserved": 0, "captured": 1, "revoked": 2}
        assert await buckets(seller) == lost
        seller.devnet.rollback(1)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks()
        await watch(seller)
        assert await buckets(seller) == lost  # what a fork took once it may take again
        seller.devnet.blocks()
        await asyncio.gather(*(watch(seller, 2) for _ in range(4)))
        assert await buckets(seller) == lost | {"available": 2, "revoked": 0}
        assert await finals(seller) == [True]
        assert (await payer.generate(receipt, {"prompt": "a dog"})).status_code == 200
        assert (await seller.claim(claim)).status_code == 200


@in_loop
async def test_a_payment_that_is_as_deep_as_no_fork_goes_is_looked_at_no_more(own_selling: Selling) -> None:
    async with own_selling(final_depth=3) as seller:
        payer = seller.payer()
        await payer.receipt(3)
        await watch(seller)
        assert await finals(seller) == [False]
        seller.devnet.blocks(2)
        await watch(seller)
        assert await finals(seller) == [True]
        rail: Any = next(iter(seller.parts._adapters.rails))
        asked = []

        class Asked:
            async def inclusion(self, tx_hash: str) -> None:
                asked.append(tx_hash)
                raise ChainUnavailable("nobody should ask")

        chain, rail._chain = rail._chain, Asked()
        await watch(seller, 2)
        rail._chain = chain
        assert asked == []


@in_loop
async def test_two_workers_who_find_it_gone_take_the_credits_once(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        await payer.receipt(3)
        await double_spend(seller, payer)
        await asyncio.gather(*(watch(seller, 2) for _ in range(4)))
        await work(seller)
        assert await buckets(seller) == {
            "granted": 3,
            "available": 0,
            "reserved": 0,
            "captured": 0,
            "revoked": 3,
        }


async def finals(seller: Seller) -> list[bool]:
    rows = "SELECT final_at IS NOT NULL FROM payment"
    found = await seller.parts.database.read(lambda tx: tx.connection.execute(text(rows)).scalars().all())
    return [bool(one) for one in found]


@in_loop
async def test_an_index_gap_of_one_look_reverses_no_final_payment(own_selling: Selling) -> None:
    async with own_selling(final_depth=3) as seller:
        payer = seller.payer()
        parent = await payer.build(await payer.buy(9))
        assert seller.devnet.submit(parent.raw).status_code == 200
        seller.devnet.blocks()
        token, tip = await payer.buy(3), await seller.parts.chain.tip()
        built = await payer.build(token, expiry_slot=tip.slot + 20)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks()
        assert (await seller.claim(payer.claim(token, raw=built.raw))).status_code == 200
        seller.devnet.blocks(skip_slots=40)
        seller.devnet.blocks(3)
        seller.devnet.hide(parent.id, built.id)
        await watch(seller)
        seller.devnet.hide()
        assert (await buckets(seller))["available"] == 3
