"""Several batches on their way at once, several processes at one wallet, and rollbacks deeper than we ask."""

import asyncio
from typing import Any, cast

import pytest

from paywall.burns.wallet.base import WalletChain
from shared.cardano.read.transaction import parse
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling

EXPIRED = 120 + 1  # slots: past a burn's on the devnet


async def fly(seller: Seller, sizes: list[int]) -> None:
    """One batch in flight for each size, signed and submitted, each on the change of the one before."""
    for size in sizes:
        await burns.capture(seller, size)
        await burns.worker(seller, in_flight=len(sizes)).step()
    await burns.worker(seller, in_flight=len(sizes)).step()


async def _height(seller: Seller) -> int:
    """Of the lowest block that holds a batch."""
    return min(batch.block_height or 0 for batch in await burns.batches(seller))


@in_loop
async def test_batches_chain_on_their_own_change_and_land_in_one_block(selling: Selling) -> None:
    async with selling() as seller:
        await fly(seller, [3, 2, 1])
        first, second, third = await burns.attempts(seller)
        assert (first.tx_hash, 0) in parse(second.transaction).inputs
        assert (second.tx_hash, 0) in parse(third.transaction).inputs
        seller.devnet.blocks()
        assert await burns.burned(seller) == 6
        await burns.finish(seller)
        assert {batch.state for batch in await burns.batches(seller)} == {"confirmed"}
        assert await seller.invariants() == []


@in_loop
async def test_no_more_batches_are_on_their_way_than_the_terms_allow(selling: Selling) -> None:
    async with selling() as seller:
        await burns.capture(seller, 5)
        for _ in range(6):
            await burns.worker(seller, size=1, in_flight=2).step()
        assert len(await burns.batches(seller)) == 2
        await burns.finish(seller)


@in_loop
async def test_a_replaced_attempt_takes_what_was_built_on_its_change_with_it(own_selling: Selling) -> None:
    async with own_selling() as seller:
        seller.devnet.control("faults", {"submit": "lose", "times": 100})
        await fly(seller, [2, 2, 2])
        seller.devnet.blocks(skip_slots=EXPIRED)
        seller.devnet.control("faults", method="DELETE")
        await burns.finish(seller, in_flight=3)
        assert await burns.burned(seller) == 6
        made = await burns.attempts(seller)
        assert sorted(attempt.number for attempt in made) == [1, 1, 1, 2, 2, 2]
        assert sum(attempt.void for attempt in made) == 2
        landed = [await burns.on_chain(seller, attempt.tx_hash) for attempt in made]
        assert sum(transaction is not None for transaction in landed) == 3


@in_loop
async def test_one_process_at_a_time_holds_the_wallet(selling: Selling) -> None:
    async with selling() as seller:
        await burns.capture(seller, 2)
        assert await burns.worker(seller, holder="one").step()
        assert not await burns.worker(seller, holder="other").step()
        assert [batch.state for batch in await burns.batches(seller)] == ["signed"]
        await burns.worker(seller, holder="one").close()
        assert await burns.worker(seller, holder="other").step()
        assert [batch.state for batch in await burns.batches(seller)] == ["submitted"]
        await burns.worker(seller, holder="other").close()
        await burns.finish(seller)


class Pause:
    """A chain whose next answer of `utxos` is held back: the process that asked sleeps until `go_on`."""

    def __init__(self, inner: WalletChain) -> None:
        self._inner = inner
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def utxos(self, address: str) -> Any:
        self.reached.set()
        await self.go_on.wait()
        return await self._inner.utxos(address)


@in_loop
async def test_a_paused_holder_that_wakes_up_can_neither_store_nor_submit(selling: Selling) -> None:
    async with selling() as seller:
        await burns.capture(seller, 2)
        pause = Pause(seller.parts.chain)
        paused = burns.worker(seller, holder="paused", chain=cast(WalletChain, pause))
        step = asyncio.create_task(paused.step())
        await pause.reached.wait()
        await paused.close()  # its lease ran out
        await burns.worker(seller, holder="other").step()
        (before,) = await burns.attempts(seller)
        pause.go_on.set()
        assert await step is False
        assert await paused.step() is False
        assert await burns.attempts(seller) == [before]
        await burns.worker(seller, holder="other").close()
        await burns.finish(seller)


@pytest.mark.parametrize("flights", [1, 3])
@in_loop
async def test_a_rollback_deeper_than_we_ask_parks_the_batch_until_a_person_resumes_it(
    own_selling: Selling, flights: int
) -> None:
    async with own_selling() as seller:
        seller.devnet.blocks(3)  # so that the rollback takes nothing that was there before
        await fly(seller, [2] * flights)
        seller.devnet.blocks()
        await burns.finish(seller)
        seller.devnet.blocks()
        await burns.worker(seller).step()  # it is seen deeper than we ask
        seller.devnet.rollback(3)
        seller.devnet.blocks()
        for _ in range(3):
            await burns.worker(seller).step()
        assert {batch.state for batch in await burns.batches(seller)} == {"parked"}
        assert any("parked" in line for line in await seller.invariants())
        await burns.capture(seller, 1)  # while one is parked, nothing new is signed
        await burns.worker(seller).step()
        assert len(await burns.attempts(seller)) == flights
        assert await burns.worker(seller).resume() == flights
        await burns.finish(seller)
        assert await burns.burned(seller) == 2 * flights + 1
        assert await seller.invariants() == []


@pytest.mark.parametrize("required", [1, 2])
@in_loop
async def test_a_rollback_as_deep_as_we_ask_is_landed_again_by_the_same_bytes(
    own_selling: Selling, required: int
) -> None:
    async with own_selling() as seller:
        seller.devnet.blocks(3)
        await fly(seller, [2, 2])
        seller.devnet.blocks()
        for _ in range(required):
            await burns.worker(seller, confirmations=required, in_flight=2).step()
            seller.devnet.blocks(1 if required > 1 else 0)
        made = await burns.attempts(seller)
        assert {batch.state for batch in await burns.batches(seller)} == {"confirmed"}
        seller.devnet.rollback(seller.devnet.get("/blocks/latest")["height"] - await _height(seller) + 1)
        assert await burns.burned(seller) == 0
        await burns.worker(seller, confirmations=required).step()
        assert {batch.state for batch in await burns.batches(seller)} == {"lost"}
        await burns.finish(seller, confirmations=required)
        assert await burns.burned(seller) == 4
        assert {one.tx_hash for one in await burns.attempts(seller)} == {one.tx_hash for one in made}
        assert await seller.invariants() == []


@in_loop
async def test_a_parked_batch_that_the_chain_brings_back_goes_on_by_itself(own_selling: Selling) -> None:
    async with own_selling() as seller:
        seller.devnet.blocks(3)
        await burns.capture(seller, 2)
        await burns.finish(seller)
        (attempt,) = await burns.attempts(seller)
        seller.devnet.blocks()
        await burns.worker(seller).step()
        seller.devnet.rollback(3)
        await burns.worker(seller).step()
        assert [batch.state for batch in await burns.batches(seller)] == ["parked"]
        await seller.parts.chain.submit(attempt.transaction)
        seller.devnet.blocks(2)
        await burns.worker(seller).step()
        assert [batch.state for batch in await burns.batches(seller)] == ["confirmed"]


@in_loop
async def test_a_full_backlog_is_answered_before_a_credit_is_reserved(selling: Selling) -> None:
    async with selling(burn_backlog=2, supply=4) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(4)
        done = [await payer.generate(receipt, {"name": "James Monroe"}, f"key {n}") for n in range(3)]
        assert [answer.status_code for answer in done] == [200, 200, 503]
        assert done[2].json()["code"] == "burn_backlog_full"
        assert int(done[2].headers["Retry-After"]) > 0
        again = await payer.generate(receipt, {"name": "James Monroe"}, "key 0")
        assert again.status_code == 200, "what was redeemed before is answered all the same"
        credits = await seller.http.get("/api/credits", headers=payer.headers(receipt, "/api/credits", "GET"))
        assert (credits.json()["available"], credits.json()["reserved"]) == (2, 0)


@in_loop
async def test_thousands_of_waiting_burns_drain_in_a_few_transactions(selling: Selling) -> None:
    async with selling() as seller:
        await burns.capture(seller, 2500)
        await burns.finish(seller, in_flight=4)
        assert [batch.size for batch in await burns.batches(seller)] == [1000, 1000, 500]
        assert await burns.burned(seller) == 2500
