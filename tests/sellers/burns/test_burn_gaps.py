"""An index that hides a burn and what it is built on, when its expiry is deep: it is burned once all the same."""

from shared.cardano.read.transaction import parse
from tests.support.hostile import outputs
from tests.support.hostile.outputs import Hand
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling

ADA = 1_000_000
EXPIRED = 120 + 1


async def two_sources(seller: Seller) -> None:
    """The wallet is filled twice from a cold one: two outputs with tokens, by two transactions of another's."""
    unit, address = seller.custody.asset.unit, seller.custody.address
    cold = Hand.stranger(seller.devnet)
    hand = Hand.operator(seller)
    held = await seller.parts.chain.utxos(hand.address)
    everything = sum(one.lovelace for one in held) - outputs.FEE - 2 * ADA
    await hand.send(held, [outputs.output(cold.address, everything, {unit: 20})])
    for _ in range(2):
        purse = await seller.parts.chain.utxos(cold.address)
        await cold.send(purse, [outputs.output(address, 20 * ADA, {unit: 10})])


async def land_and_sink(seller: Seller, *, confirm: int) -> list[str]:
    """A burn is on the chain, and so is a block past its expiry, deeper than any fork. It and its makers."""
    await two_sources(seller)
    await burns.capture(seller, 2)
    for _ in range(2):
        await burns.worker(seller, final_depth=4).step()
    seller.devnet.blocks(2)
    for _ in range(confirm):
        await burns.worker(seller, confirmations=2, final_depth=4).step()
        seller.devnet.blocks()
    (first,) = await burns.attempts(seller)
    makers = {tx_hash for tx_hash, _ in parse(first.transaction).inputs}
    assert len(makers) == 1
    seller.devnet.blocks(skip_slots=EXPIRED)
    seller.devnet.blocks(5)
    return [first.tx_hash, *makers]


async def end_gap(seller: Seller) -> None:
    """In it no new bytes were signed, and all is burned once."""
    seller.devnet.hide()
    made = len(await burns.attempts(seller))
    seller.devnet.blocks()
    await burns.finish(seller, final_depth=4)
    assert (made, await burns.burned(seller)) == (1, 2)


@in_loop
async def test_a_gap_of_one_look_after_a_long_stop_frees_no_batch(own_selling: Selling) -> None:
    """The worker stood still from the landing until the expiry was deep; then one look finds neither."""
    async with own_selling(supply=20) as seller:
        seller.devnet.hide(*await land_and_sink(seller, confirm=0))
        await burns.worker(seller, final_depth=4).step()
        await end_gap(seller)


@in_loop
async def test_a_gap_while_a_person_resumes_frees_no_batch(own_selling: Selling) -> None:
    async with own_selling(supply=20) as seller:
        seller.devnet.hide(*await land_and_sink(seller, confirm=2))
        await burns.worker(seller, final_depth=4).step()
        assert [batch.state for batch in await burns.batches(seller)] == ["parked"]
        assert await burns.worker(seller, final_depth=4).resume() == 1
        await burns.worker(seller, final_depth=4).step()
        await end_gap(seller)


@in_loop
async def test_a_gap_after_a_stop_right_after_it_became_final_frees_no_batch(
    own_selling: Selling,
) -> None:
    """It was seen just as deep as we ask, so it is lost instead of parked, and signed anew by the next step."""
    async with own_selling(supply=20) as seller:
        seller.devnet.hide(*await land_and_sink(seller, confirm=1))
        assert [batch.state for batch in await burns.batches(seller)] == ["confirmed"]
        for _ in range(2):
            await burns.worker(seller, confirmations=2, final_depth=4).step()
        await end_gap(seller)
