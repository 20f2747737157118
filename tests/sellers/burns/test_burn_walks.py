"""Final burns that a fork moved or took: whoever dies while they are looked for, none is missing unnoticed."""

from typing import Any

import pytest

from paywall.burns import watching
from paywall.burns.burn_worker import BurnWorker
from shared.cardano.read.transaction import parse
from shared.chain.base import Inclusion
from shared.chain.blockfrost import Blockfrost
from tests.support.hostile.crashes import Crash
from tests.support.hostile.outputs import Hand, scatter
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling

ADA = 1_000_000


async def close_the_books(seller: Seller) -> None:
    """A person resumes, and all is burned once."""
    await burns.worker(seller).resume()
    await burns.finish(seller)
    assert await burns.burned(seller) == 9


async def three_final(seller: Seller) -> tuple[list[Any], list[Any]]:
    """Three final burns that build on nothing of each other: batches, attempts."""
    await scatter(seller, [(20 * ADA, 10)] * 3, Hand.stranger(seller.devnet).address)
    for _ in range(3):
        await burns.capture(seller, 3)
        await burns.finish(seller)
    made = await burns.attempts(seller)
    hashes = {one.tx_hash for one in made}
    assert not {parent for one in made for parent, _ in parse(one.transaction).inputs} & hashes
    return await burns.batches(seller), made


@in_loop
async def test_a_crash_while_what_a_fork_moved_is_recorded_hides_no_burn_that_it_took(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest came back in a block higher than the newest's old one: recorded, it is the newest, and stands."""
    async with own_selling(supply=30) as seller:
        (first, _, _), (one, _, three) = await three_final(seller)
        tip = await seller.parts.chain.tip()
        seller.devnet.rollback(tip.height - (first.block_height or 0) + 1)
        seller.devnet.blocks(20)
        for again in (one, three):
            assert seller.devnet.submit(again.transaction).status_code == 200
        seller.devnet.blocks(3)

        def die(name: str) -> None:
            if name == "recover.parking":
                raise Crash(name)

        with monkeypatch.context() as patch:
            patch.setattr(watching, "failpoint", die)
            with pytest.raises(Crash):
                await burns.worker(seller).step()
        for _ in range(5):
            await burns.worker(seller).step()
            seller.devnet.blocks()
        second = (await burns.batches(seller))[1]
        gone = await seller.parts.chain.inclusion(second.tx_hash or "") is None
        assert (second.state, gone) != ("confirmed", True), "nobody misses it"
        await close_the_books(seller)


@in_loop
async def test_a_fork_between_the_looks_back_hides_no_burn_that_it_took(own_selling: Selling) -> None:
    """No crash: the newest is recorded where it stood on one fork, the one before it higher, on the next fork."""
    async with own_selling(supply=30) as seller:
        (first, _, third), (one, two, three) = await three_final(seller)
        tip = await seller.parts.chain.tip()
        seller.devnet.rollback(tip.height - (first.block_height or 0) + 1)
        seller.devnet.blocks(20)
        for again in (one, two, three):
            assert seller.devnet.submit(again.transaction).status_code == 200
        seller.devnet.blocks(3)

        class SecondFork(Blockfrost):
            """After the newest was looked at twice, another fork holds the others alone, and higher."""

            looks = 0

            async def inclusion(self, tx_hash: str) -> Inclusion | None:
                found = await super().inclusion(tx_hash)
                self.looks += tx_hash == third.tx_hash
                if tx_hash == third.tx_hash and self.looks == 2:
                    seller.devnet.rollback(3)
                    seller.devnet.blocks(2)
                    for again in (one, two):
                        seller.devnet.submit(again.transaction)
                    seller.devnet.blocks(3)
                return found

        chain = SecondFork(seller.devnet.url)
        await burns.worker(seller, chain=chain).step()
        await chain.aclose()
        for _ in range(5):
            await burns.worker(seller).step()
            seller.devnet.blocks()
        last = (await burns.batches(seller))[2]
        gone = await seller.parts.chain.inclusion(last.tx_hash or "") is None
        assert (last.state, gone) != ("confirmed", True), "nobody misses it"
        await close_the_books(seller)


@in_loop
async def test_a_look_back_that_outlasts_the_lease_comes_to_its_end(own_selling: Selling) -> None:
    """What was found is recorded one by one, so that the next holder of the lease need not begin anew."""
    async with own_selling(supply=30) as seller:
        (first, _, _), _ = await three_final(seller)
        tip = await seller.parts.chain.tip()
        seller.devnet.rollback(tip.height - (first.block_height or 0) + 1)
        seller.devnet.blocks(3)
        now = [4_100_000_000]
        clock = lambda: now[0]  # noqa: E731
        workers: list[BurnWorker] = []

        class Slow(Blockfrost):
            """Each look lasts 5 seconds, in which the other worker ticks; four looks outlast the lease of 15."""

            async def inclusion(self, tx_hash: str) -> Inclusion | None:
                found = await super().inclusion(tx_hash)
                now[0] += 5
                await workers[1]._holder.take()
                return found

        chain = Slow(seller.devnet.url)
        for name in ("a", "b"):
            made = burns.worker(seller, chain=chain, holder=name)
            made._clock = clock
            made._holder._clock = clock
            workers.append(made)
        for _ in range(10):
            now[0] += 1
            await workers[0].step()
            workers.reverse()
        states = [batch.state for batch in await burns.batches(seller)]
        await chain.aclose()
        assert "confirmed" not in states, states
        for one in workers:
            await one._holder.give_back()
        await close_the_books(seller)
