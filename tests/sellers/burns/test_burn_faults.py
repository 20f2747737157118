"""Whatever the chain and the power do, each redemption is burned exactly once by the chain's own count."""

from pathlib import Path

import pytest

from paywall.burns.custody import BurnOrder
from paywall.burns.wallet.base import WalletChain
from shared.cardano.metadata import BatchCommitment
from shared.cardano.read.transaction import parse
from tests.support.hostile.crashes import Crash, Crashes
from tests.support.processes.devnet import DevnetProcess
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Selling, open_seller

EXPIRED = 120 + 1  # slots: past a burn's on the devnet


@pytest.mark.parametrize(
    "fault", ["drop_after", "drop_before", "refuse", "error", "accept_then_error", "lose"]
)
@in_loop
async def test_a_submit_that_goes_wrong_is_made_good_by_the_same_bytes(selling: Selling, fault: str) -> None:
    async with selling() as seller:
        await burns.capture(seller, 3)
        await burns.worker(seller).step()
        seller.devnet.control("faults", {"submit": fault, "times": 2})
        for _ in range(2):
            await burns.worker(seller).step()
        await burns.finish(seller)
        assert await burns.burned(seller) == 3
        assert len(await burns.attempts(seller)) == 1
        seller.devnet.control("faults", method="DELETE")


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("keep", [False, True], ids=["lost", "back in the mempool"])
@in_loop
async def test_what_a_rollback_took_lands_again_by_the_same_bytes(
    own_selling: Selling, blocks: int, keep: bool
) -> None:
    async with own_selling() as seller:
        await burns.capture(seller, 3)
        for _ in range(2):
            await burns.worker(seller, confirmations=3).step()
        seller.devnet.blocks(blocks)
        await burns.worker(seller, confirmations=3).step()
        (seen,) = await burns.batches(seller)
        assert (seen.state, seen.confirmations) == ("seen", blocks)
        seller.devnet.rollback(blocks, keep=keep)
        assert await burns.burned(seller) == 0
        await burns.worker(seller, confirmations=3).step()
        (back,) = await burns.batches(seller)
        assert (back.state, back.confirmations, back.block_hash) == ("submitted", 0, None)
        await burns.finish(seller, confirmations=3)
        assert await burns.burned(seller) == 3
        assert [attempt.tx_hash for attempt in await burns.attempts(seller)] == [seen.tx_hash]


@pytest.mark.parametrize("fault", ["drop_before", "lose"])
@in_loop
async def test_new_bytes_are_signed_only_when_the_old_ones_can_never_land(
    own_selling: Selling, fault: str
) -> None:
    async with own_selling() as seller:
        await burns.capture(seller, 2)
        await burns.worker(seller, confirmations=3).step()
        seller.devnet.control("faults", {"submit": fault})
        await burns.worker(seller, confirmations=3).step()
        for slots in (
            EXPIRED,
            1000,
        ):  # past its expiry, by many slots, and not yet by as many blocks as we ask
            seller.devnet.control("faults", {"submit": "lose"})
            seller.devnet.blocks(skip_slots=slots)
            await burns.worker(seller, confirmations=3).step()
            assert len(await burns.attempts(seller)) == 1
        seller.devnet.control("faults", method="DELETE")
        seller.devnet.blocks()
        await burns.finish(seller, confirmations=3)
        old, new = await burns.attempts(seller)
        assert set(parse(old.transaction).inputs) & set(parse(new.transaction).inputs)
        assert await burns.on_chain(seller, old.tx_hash) is None
        assert await burns.on_chain(seller, new.tx_hash) is not None
        assert await burns.burned(seller) == 2


@in_loop
async def test_an_attempt_that_landed_before_it_expired_is_not_replaced(own_selling: Selling) -> None:
    async with own_selling() as seller:
        await burns.capture(seller, 2)
        await burns.worker(seller).step()
        seller.devnet.control("faults", {"submit": "drop_after"})
        await burns.worker(seller).step()
        seller.devnet.blocks()
        seller.devnet.blocks(skip_slots=2 * EXPIRED)
        await burns.finish(seller)
        assert len(await burns.attempts(seller)) == 1
        assert await burns.burned(seller) == 2


@in_loop
async def test_outputs_that_another_program_spent_with_our_key_are_not_spent_again(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async with open_seller(devnet, tmp_path) as seller:
        await burns.capture(seller, 1)
        await burns.finish(seller)
        chain, custody = seller.parts.chain, seller.custody
        order = BurnOrder(BatchCommitment(bytes(32), 5, 5), must_spend=[])
        foreign = await custody.sign_burn(chain, await chain.utxos(custody.address), order)
        await chain.submit(foreign.raw)
        devnet.blocks()
        await burns.capture(seller, 2)
        await burns.finish(seller)
        assert await burns.burned(seller) == 1 + 5 + 2
        assert any("ours to the token" in line for line in await seller.invariants())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@in_loop
async def test_a_worker_that_dies_at_any_call_loses_and_doubles_nothing(
    selling: Selling, after: bool
) -> None:
    async with selling() as seller:
        died_at: list[str] = []
        for at in range(100):
            crashes = Crashes(at, after=after)
            await burns.capture(seller, 2)
            for _ in range(8):
                chain: WalletChain = crashes.wrap(seller.parts.chain)
                database = crashes.wrap(seller.parts.database)
                try:
                    if not await burns.worker(seller, chain=chain, database=database).step():
                        break
                except Crash:
                    break
                seller.devnet.blocks()
            await burns.finish(seller)
            assert await burns.burned(seller) == 2 * (at + 1), crashes.name
            if not crashes.happened:
                break
            died_at.append(crashes.name)
        # Every kind of call was died at: the batch, the signing, what is stored, the submit, the looks.
        assert {name.split()[1] for name in died_at} >= {
            *("transact", "read", "utxos", "parameters", "tip", "submit", "inclusion")
        }
        assert len(await burns.attempts(seller)) == len(await burns.batches(seller))
