"""The custodial wallet's address is open to anybody, and its operator has the key too: burns go on all the same."""

import pytest

from paywall.ops.readiness import Readiness, every_part_answers
from shared.cardano.read.transaction import parse
from shared.chain.base import ChainUnavailable
from shared.chain.blockfrost import Blockfrost
from tests.support.hostile import outputs
from tests.support.hostile.outputs import Hand, scatter
from tests.support.processes.devnet import DevnetProcess
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling

ADA = 1_000_000
#: too little for the fee and the change of a burn
POOR = 1_200_000
#: slots: past a burn's on the devnet
EXPIRED = 120 + 1


async def funded_stranger(devnet: DevnetProcess, seller: Seller) -> Hand:
    stranger = Hand.stranger(devnet)
    devnet.faucet(stranger.address, 900 * ADA)
    devnet.blocks()
    return stranger


@in_loop
async def test_an_output_that_carries_a_script_is_left_alone(selling: Selling) -> None:
    async with selling() as seller:
        stranger = await funded_stranger(seller.devnet, seller)
        await scatter(seller, [(POOR, 1_000_000), (5 * ADA, 0)], stranger.address)
        gift = outputs.with_script(seller.custody.address, 100 * ADA)
        await stranger.send(await seller.parts.chain.utxos(stranger.address), [gift])
        await burns.capture(seller, 2)
        await burns.finish(seller)
        assert await burns.burned(seller) == 2
        left = await seller.parts.chain.utxos(seller.custody.address)
        assert [one.lovelace for one in left if not one.bare] == [100 * ADA]


@in_loop
async def test_junk_tokens_that_would_fill_the_change_never_come_into_it(selling: Selling) -> None:
    async with selling() as seller:
        stranger = await funded_stranger(seller.devnet, seller)
        await scatter(seller, [(POOR, 1_000_000)], stranger.address)
        names = {f"junk {n:018}".encode(): 1 for n in range(198)}
        junk = {stranger.policy_id + name.hex(): 1 for name in names}
        gift = outputs.output(seller.custody.address, 50 * ADA, junk)
        await stranger.send(await seller.parts.chain.utxos(stranger.address), [gift], mint=names)
        await burns.capture(seller, 2)
        for _ in range(2):
            await burns.worker(seller).step()
        assert await burns.attempts(seller) == [], (
            "its ADA is of no use: with our token it is too much for an output"
        )
        seller.devnet.faucet(seller.custody.address, 5 * ADA)
        seller.devnet.blocks()
        await burns.finish(seller)
        assert await burns.burned(seller) == 2
        left = await seller.parts.chain.utxos(seller.custody.address)
        assert sorted(len(one.tokens) for one in left) == [1, 198]


@in_loop
async def test_six_hundred_outputs_of_one_token_are_burned_and_gathered_on_the_way(selling: Selling) -> None:
    async with selling(supply=600) as seller:
        stranger = Hand.stranger(seller.devnet)
        for _ in range(4):
            await break_up(seller, 150)
        await scatter_ada_away(seller, stranger)
        await burns.capture(seller, 600)
        await burns.finish(seller)
        assert await burns.burned(seller) == 600
        assert [batch.size for batch in await burns.batches(seller)] == [300, 300]


async def break_up(seller: Seller, count: int) -> None:
    """So many tokens come into outputs of their own."""
    hand, unit = Hand.operator(seller), seller.custody.asset.unit
    held = await seller.parts.chain.utxos(hand.address)
    largest = max(held, key=lambda one: (one.tokens.get(unit, 0), one.lovelace))
    await hand.send([largest], [outputs.output(hand.address, POOR, {unit: 1}) for _ in range(count)])


async def scatter_ada_away(seller: Seller, keeper: Hand) -> None:
    """What is left in the purse without tokens goes to another."""
    operator = Hand.operator(seller)
    purse = [one for one in await seller.parts.chain.utxos(operator.address) if not one.tokens]
    total = sum(one.lovelace for one in purse)
    await operator.send(purse, [outputs.output(keeper.address, total - outputs.FEE - 5 * ADA)])


class Narrow(Blockfrost):
    """A service of whose lists we read one page: as if there were more than 20,000 outputs."""

    most_pages = 1


@in_loop
async def test_more_outputs_than_can_be_read_do_not_hide_those_that_hold_our_token(selling: Selling) -> None:
    async with selling() as seller:
        for _ in range(101):
            seller.devnet.faucet(seller.custody.address, 2 * ADA)
        seller.devnet.blocks()
        chain = Narrow(seller.devnet.url)
        with pytest.raises(ChainUnavailable):
            await chain.utxos(seller.custody.address)
        ready = Readiness(seller.parts.database, chain, seller.custody, 0)
        assert every_part_answers(await ready.look())
        await burns.capture(seller, 2)
        for _ in range(5):
            await burns.worker(seller, chain=chain).step()
            seller.devnet.blocks()
        assert await burns.burned(seller) == 2
        await chain.aclose()


@in_loop
async def test_a_batch_takes_no_more_than_the_wallet_holds_and_the_rest_follows(selling: Selling) -> None:
    async with selling(supply=5) as seller:
        await burns.capture(seller, 4, [3, 4, 1, 1])
        await burns.finish(seller)
        assert await burns.burned(seller) == 5
        assert [batch.quantity for batch in await burns.batches(seller)] == [5]
        chain = seller.parts.chain
        await chain.submit((await seller.custody.sign_mint(chain, 4)).raw)
        seller.devnet.blocks()
        await burns.finish(seller)
        assert await burns.burned(seller) == 9


@in_loop
async def test_what_the_operator_moved_frees_the_batch_once_that_is_final_and_is_told(
    own_selling: Selling, caplog: pytest.LogCaptureFixture
) -> None:
    async with own_selling() as seller:
        await burns.capture(seller, 2)
        await burns.worker(seller, confirmations=3).step()
        operator = Hand.operator(seller)
        held = await seller.parts.chain.utxos(operator.address)
        moved = await operator.send(held, [])
        for _ in range(2):
            await burns.worker(seller, confirmations=3).step()
            assert len(await burns.attempts(seller)) == 1, "it is not final yet"
            seller.devnet.blocks()
        await burns.worker(seller, confirmations=3).step()
        old, new = await burns.attempts(seller)
        assert (old.number, new.number) == (1, 2)
        await burns.finish(seller, confirmations=3)
        assert await burns.burned(seller) == 2
        said = caplog.text
        assert f"is ruled out by {moved}" in said
        metrics = await seller.metrics()
        assert "paywall_custodial_outputs_spent_elsewhere 1.0" in metrics
        ready = await seller.readiness()
        assert "another program spent 1 of the wallet's outputs" in str(ready)


@pytest.mark.parametrize("attempts", [1, 3])
@in_loop
async def test_a_batch_built_on_what_another_program_made_is_free_when_no_fork_can_bring_that_back(
    own_selling: Selling, attempts: int
) -> None:
    """The maker is gone for good, and nothing is left that rules the old attempt out by being spent.

    Only what one process saw on end counts: an index may hide both for a moment, again and again.
    """
    async with own_selling() as seller:
        operator = Hand.operator(seller)
        moved = await operator.send(await seller.parts.chain.utxos(operator.address), [])
        await burns.capture(seller, 2)
        seller.devnet.control("faults", {"submit": "lose", "times": 100, "delay_ms": 0})
        for n in range(attempts):
            await burns.worker(seller, final_depth=4).step()
            seller.devnet.blocks(skip_slots=EXPIRED if n + 1 < attempts else 0)
        made = await burns.attempts(seller)
        assert {tx_hash for one in made for tx_hash, _ in parse(one.transaction).inputs} == {moved}
        assert len(made) == attempts
        seller.devnet.control("faults", method="DELETE")
        seller.devnet.rollback(1 + attempts)
        seller.devnet.blocks(skip_slots=attempts * EXPIRED)
        for _ in range(6):
            await burns.worker(seller, final_depth=4).step()
            seller.devnet.blocks()
        worker = burns.worker(seller, final_depth=4)
        for _ in range(4):
            await worker.step()
            assert len(await burns.attempts(seller)) == attempts, (
                "this process has not seen it for long enough"
            )
            seller.devnet.blocks()
        await worker.step()
        await burns.finish(seller, final_depth=4)
        assert len(await burns.attempts(seller)) == attempts + 1
        assert await burns.burned(seller) == 2


@in_loop
async def test_who_spent_what_all_earlier_attempts_need_is_asked_for_once(
    own_selling: Selling, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look costs calls to the chain: a batch of many attempts took longer to sign than bytes can land."""
    async with own_selling() as seller:
        seller.devnet.control("faults", {"submit": "lose", "times": 100, "delay_ms": 0})
        await burns.capture(seller, 2)
        for _ in range(4):
            await burns.worker(seller).step()
            seller.devnet.blocks(skip_slots=EXPIRED)
        earlier = len(await burns.attempts(seller))
        assert earlier > 2
        seller.devnet.control("faults", method="DELETE")
        operator = Hand.operator(seller)
        moved = await operator.send(await seller.parts.chain.utxos(operator.address), [])
        await burns.worker(seller).step()
        assert len(await burns.attempts(seller)) == earlier + 1
        assert caplog.text.count(f"is ruled out by {moved}") == 1
        await burns.finish(seller)
        assert await burns.burned(seller) == 2
