"""Attempts that hide and come back: whatever the index shows and the forks do, a batch is burned once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from paywall.burns import outputs as wallet_outputs
from shared.cardano.coins import Parameters, Utxo, together
from shared.cardano.read.transaction import parse
from shared.chain.base import Inclusion
from shared.chain.blockfrost import Blockfrost
from tests.support.hostile import outputs
from tests.support.hostile.outputs import Hand, scatter
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling

ADA = 1_000_000
EXPIRED = 120 + 1  # slots: past a burn's on the devnet


async def land_hidden(seller: Seller, count: int) -> str:
    """The first attempt of a batch is on the chain, and no answer shows it. Its hash."""
    await burns.capture(seller, count)
    for _ in range(2):
        await burns.worker(seller).step()
    seller.devnet.blocks()
    (attempt,) = await burns.attempts(seller)
    seller.devnet.hide(attempt.tx_hash)
    return attempt.tx_hash


async def expire(seller: Seller, **terms: Any) -> None:
    """The newest attempts can never land any more, as far as one sees, and are replaced."""
    seller.devnet.blocks(skip_slots=EXPIRED)
    await burns.worker(seller, **terms).step()


@in_loop
async def test_an_attempt_that_was_replaced_and_is_on_the_chain_after_all_is_adopted(
    own_selling: Selling,
) -> None:
    async with own_selling() as seller:
        landed = await land_hidden(seller, 2)
        await expire(seller)
        assert len(await burns.attempts(seller)) == 2
        await burns.worker(seller).step()
        seller.devnet.hide()
        await burns.finish(seller)
        (batch,) = await burns.batches(seller)
        assert (batch.state, batch.tx_hash) == ("confirmed", landed)
        await burns.capture(seller, 3)
        await burns.finish(seller)
        assert await burns.burned(seller) == 5
        (after,) = [one for one in await burns.attempts(seller) if one.batch_id != batch.id]
        assert (landed, 0) in parse(after.transaction).inputs, "its change is ours to spend"


@in_loop
async def test_new_bytes_are_handed_in_before_the_next_batch_is_signed_anew(own_selling: Selling) -> None:
    """Those of many batches took longer to sign than the first could land, again and again."""
    async with own_selling() as seller:
        seller.devnet.control("faults", {"submit": "lose", "times": 100, "delay_ms": 0})
        for _ in range(3):
            await burns.capture(seller, 2)
            await burns.worker(seller, in_flight=3).step()
        first = {one.tx_hash for one in await burns.attempts(seller)}
        seller.devnet.control("faults", method="DELETE")
        await expire(seller, in_flight=3)
        new = [one.tx_hash for one in await burns.attempts(seller) if one.tx_hash not in first]
        assert len(new) == 3
        assert sorted(seller.devnet.mempool()) == sorted(new)
        seller.devnet.blocks()
        await burns.finish(seller, in_flight=3)
        assert await burns.burned(seller) == 6


@in_loop
async def test_a_batch_built_on_an_attempt_that_was_given_up_comes_back_with_it(own_selling: Selling) -> None:
    async with own_selling() as seller:
        for _ in range(2):
            await burns.capture(seller, 2)
            await burns.worker(seller, in_flight=2).step()
        await burns.worker(seller, in_flight=2).step()
        seller.devnet.blocks()
        first = await burns.attempts(seller)
        seller.devnet.hide(*(attempt.tx_hash for attempt in first))
        seller.devnet.blocks(skip_slots=EXPIRED)
        for _ in range(3):
            await burns.worker(seller, in_flight=2).step()
        assert len(await burns.attempts(seller)) == 4
        seller.devnet.hide()
        await burns.finish(seller, in_flight=2)
        assert await burns.burned(seller) == 4
        standing = {batch.tx_hash for batch in await burns.batches(seller)}
        assert standing == {attempt.tx_hash for attempt in first}


@in_loop
async def test_what_a_final_batch_spends_stays_spent_although_its_maker_was_hidden_and_given_up(
    own_selling: Selling,
) -> None:
    """The maker's change counted as unspent for ever, and a batch that was to be built on it never got free."""
    async with own_selling() as seller:
        for _ in range(2):
            await burns.capture(seller, 2)
            await burns.worker(seller, in_flight=3).step()
        await burns.worker(seller, in_flight=3).step()
        seller.devnet.blocks()
        maker, _ = await burns.attempts(seller)
        seller.devnet.hide(maker.tx_hash)
        await burns.worker(seller, in_flight=3).step()
        assert "confirmed" in {batch.state for batch in await burns.batches(seller)}, "the second is final"
        seller.devnet.blocks(skip_slots=EXPIRED)
        for _ in range(2):
            await burns.worker(seller, in_flight=3).step()
            await burns.capture(seller, 2)
        assert len(await burns.attempts(seller)) == 4, "the first batch was replaced, the third built on it"
        seller.devnet.hide()
        await burns.finish(seller, in_flight=3)
        assert await burns.burned(seller) == 8
        _, held = await seller.custody.holdings(seller.parts.chain)
        unit = seller.custody.asset.unit
        assert await seller.parts.database.read(lambda tx: wallet_outputs.totals(tx, unit)[1]) == held


async def stack_of_given_up(seller: Seller) -> Utxo:
    """Two batches: the first is final by an attempt that had been given up, the second was built on the other one.

    What is left of the first, and in our record meant for the second.
    """
    await burns.capture(seller, 2)
    for _ in range(2):
        await burns.worker(seller, in_flight=2).step()
    seller.devnet.blocks()
    (first,) = await burns.attempts(seller)
    seller.devnet.hide(first.tx_hash)
    seller.devnet.blocks(skip_slots=EXPIRED)
    await burns.worker(seller, in_flight=2).step()
    await burns.capture(seller, 2)
    await burns.worker(seller, in_flight=2).step()
    seller.devnet.hide()
    seller.devnet.control("faults", {"submit": "lose", "times": 100, "delay_ms": 0})
    for _ in range(2):
        await burns.worker(seller, in_flight=2).step()
    seller.devnet.control("faults", method="DELETE")
    made = sorted(await burns.attempts(seller), key=lambda one: (one.batch_id != first.batch_id, one.number))
    _, replaced, built_on_it, again = made
    assert (replaced.tx_hash, 0) in parse(built_on_it.transaction).inputs
    assert (first.tx_hash, 0) in parse(again.transaction).inputs
    (left,) = await seller.parts.chain.utxos(seller.custody.address)
    assert left.reference == (first.tx_hash, 0)
    return left


@in_loop
async def test_what_another_program_left_over_rules_out_attempts_that_our_record_has_no_anchor_for(
    own_selling: Selling,
) -> None:
    """The second attempt conflicts with the first's final burn alone, and that one's change was moved meanwhile."""
    async with own_selling() as seller:
        left = await stack_of_given_up(seller)
        unit = seller.custody.asset.unit
        hand = Hand.operator(seller)
        seller.devnet.blocks(skip_slots=EXPIRED)
        seller.devnet.blocks(3)
        moved = await hand.send([left], [outputs.output(hand.address, 5 * ADA, {unit: 3})])
        await burns.worker(seller, in_flight=2, confirmations=3).step()
        newest = max(await burns.attempts(seller), key=lambda one: one.number)
        assert newest.number == 3, "it does not wait until the move is final"
        assert moved in {tx_hash for tx_hash, _ in parse(newest.transaction).inputs}
        await burns.finish(seller, in_flight=2, confirmations=3)
        assert await burns.burned(seller) == 4


@in_loop
async def test_attempts_that_a_final_burn_of_ours_rules_out_hold_up_nothing_when_its_change_has_left_the_wallet(
    own_selling: Selling,
) -> None:
    async with own_selling() as seller:
        left = await stack_of_given_up(seller)
        hand, friend = Hand.operator(seller), Hand.stranger(seller.devnet)
        kept = left.lovelace - outputs.FEE - 2 * ADA
        await hand.send([left], [outputs.output(friend.address, kept, left.tokens)])
        purse = await seller.parts.chain.utxos(friend.address)
        await friend.send(purse, [outputs.output(hand.address, kept - outputs.FEE - 2 * ADA, left.tokens)])
        seller.devnet.blocks(skip_slots=EXPIRED)
        await burns.finish(seller, in_flight=2)
        assert await burns.burned(seller) == 4


@in_loop
async def test_no_two_of_three_attempts_can_stand_on_one_chain(own_selling: Selling) -> None:
    """16 tokens burned for 8: the first and the third attempt had no input in common."""
    async with own_selling() as seller:
        stranger = Hand.stranger(seller.devnet)
        unit, address = seller.custody.asset.unit, seller.custody.address
        await scatter(seller, [(5 * ADA, 5), (5 * ADA, 5), (5 * ADA, 0)], stranger.address)
        await burns.capture(seller, 1, [8])
        for _ in range(2):
            await burns.worker(seller).step()
        seller.devnet.blocks()
        (first,) = await burns.attempts(seller)
        seller.devnet.hide(first.tx_hash)
        for _ in range(20):
            purse = await seller.parts.chain.utxos(stranger.address)
            given = await stranger.send(purse, [outputs.output(address, 3 * ADA, {unit: 8})])
            if given < min(parse(first.transaction).inputs)[0]:
                break  # so that it comes first wherever outputs are put in order
        for _ in range(2):
            await expire(seller)
            await burns.worker(seller).step()
            seller.devnet.blocks()
        made = await burns.attempts(seller)
        assert [attempt.number for attempt in made] == [1, 2, 3]
        assert set.intersection(*(set(parse(attempt.transaction).inputs) for attempt in made))
        seller.devnet.hide()
        await burns.finish(seller)
        assert await burns.burned(seller) == 8
        # The operator's own purse comes home, for the seller's books to close.
        purse = await seller.parts.chain.utxos(stranger.address)
        lovelace = sum(one.lovelace for one in purse) - outputs.FEE - 20 * ADA
        await stranger.send(purse, [outputs.output(address, lovelace, together(purse))])


class Stale(Blockfrost):
    """A service that tells yesterday's parameters until it is told otherwise: an epoch ends in between."""

    yesterday = True

    async def parameters(self) -> Parameters:
        found = await super().parameters()
        return replace(found, min_fee_b=found.min_fee_b - 10_000) if self.yesterday else found


@in_loop
async def test_a_fee_that_rose_is_paid_by_new_bytes_at_once(selling: Selling) -> None:
    async with selling() as seller:
        chain = Stale(seller.devnet.url)
        await burns.capture(seller, 2)
        await burns.worker(seller, chain=chain).step()
        await burns.worker(seller, chain=chain).step()
        assert len(await burns.attempts(seller)) == 1, "what is refused by the same parameters stays"
        chain.yesterday = False
        for _ in range(4):
            await burns.worker(seller, chain=chain).step()
            await asyncio.to_thread(seller.devnet.blocks)
        old, new = await burns.attempts(seller)
        assert new.fee > old.fee
        assert set(parse(old.transaction).inputs) & set(parse(new.transaction).inputs)
        assert await burns.burned(seller) == 2
        await chain.aclose()


@pytest.mark.parametrize("slots", [EXPIRED, 100 * EXPIRED])
@in_loop
async def test_many_slots_in_few_blocks_are_not_deep(own_selling: Selling, slots: int) -> None:
    async with own_selling() as seller:
        await burns.capture(seller, 2)
        await burns.worker(seller, confirmations=2).step()
        seller.devnet.blocks(skip_slots=slots)
        await burns.worker(seller, confirmations=2).step()
        assert len(await burns.attempts(seller)) == 1
        seller.devnet.blocks()
        await burns.finish(seller, confirmations=2)
        assert await burns.burned(seller) == 2


@in_loop
async def test_a_final_burn_that_a_fork_took_is_missed_although_later_ones_came_back(
    own_selling: Selling,
) -> None:
    """The newest is on the chain again, in another block: what was before it may be gone."""
    async with own_selling(supply=19) as seller:
        await scatter(seller, [(20 * ADA, 10), (20 * ADA, 9)], Hand.stranger(seller.devnet).address)
        for _ in range(2):
            await burns.capture(seller, 3)
            await burns.finish(seller)
        first, second = await burns.batches(seller)
        _, later = await burns.attempts(seller)
        tip = await seller.parts.chain.tip()
        seller.devnet.rollback(tip.height - (first.block_height or 0) + 1)
        assert seller.devnet.submit(later.transaction).status_code == 200, "it builds on nothing of the first"
        seller.devnet.blocks(3)
        await burns.worker(seller).step()
        assert [batch.state for batch in await burns.batches(seller)] == ["parked", "seen"]
        assert (await burns.batches(seller))[1].block_hash != second.block_hash
        assert await burns.worker(seller).resume() == 1
        await burns.finish(seller)
        assert await burns.burned(seller) == 6


@in_loop
async def test_no_burn_is_final_while_those_before_it_are_not_where_they_were(own_selling: Selling) -> None:
    """It would be the newest, and tell nobody of the fork."""
    async with own_selling(supply=19) as seller:
        await scatter(seller, [(20 * ADA, 10), (20 * ADA, 9)], Hand.stranger(seller.devnet).address)
        await burns.capture(seller, 3)
        await burns.finish(seller)
        await burns.capture(seller, 3)
        await burns.worker(seller).step()
        (first, _) = await burns.batches(seller)
        (_, later) = await burns.attempts(seller)
        tip = await seller.parts.chain.tip()

        class ForkInTheMiddle(Blockfrost):
            """After the first look the chain is another: the newest burn is on it, and the one before is not."""

            async def inclusion(self, tx_hash: str) -> Inclusion | None:
                found = await super().inclusion(tx_hash)
                if tx_hash == first.tx_hash and found is not None:
                    seller.devnet.rollback(tip.height - (first.block_height or 0) + 1)
                    seller.devnet.submit(later.transaction)
                    seller.devnet.blocks()
                return found

        chain = ForkInTheMiddle(seller.devnet.url)
        await burns.worker(seller, chain=chain).step()
        await chain.aclose()
        assert (await burns.batches(seller))[1].state != "confirmed"
        await burns.worker(seller).step()
        assert (await burns.batches(seller))[0].state == "lost"
        await burns.finish(seller)
        assert await burns.burned(seller) == 6
