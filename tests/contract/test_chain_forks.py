"""The contract of a chain whose newest blocks are taken back: its answers are those of the chain of now."""

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.chain_wallet import Wallet, run


def test_a_transaction_that_was_rolled_back_is_not_on_the_chain(own_devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        await wallet.chain.submit(built.raw)
        own_devnet.blocks(2)
        assert await wallet.chain.inclusion(built.id) is not None
        own_devnet.rollback(2)
        assert await wallet.chain.inclusion(built.id) is None
        assert await wallet.chain.transaction(built.id) is None
        assert await wallet.chain.submit(built.raw) == built.id
        own_devnet.blocks()
        assert await wallet.chain.inclusion(built.id) is not None

    run(own_devnet, story)


def test_a_block_is_found_by_its_height_on_the_chain_of_now(own_devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        before = await wallet.chain.tip()
        assert await wallet.chain.block_at(before.height) == before
        assert await wallet.chain.block_at(before.height + 1) is None
        own_devnet.blocks(2, skip_slots=1000)
        tip = await wallet.chain.tip()
        assert await wallet.chain.block_at(tip.height) == tip
        assert await wallet.chain.block_at(before.height) == before
        own_devnet.rollback(1)
        assert await wallet.chain.block_at(tip.height) is None
        own_devnet.blocks()
        assert (other := await wallet.chain.block_at(tip.height)) is not None
        assert (other.height, other.hash != tip.hash) == (tip.height, True)
        assert (genesis := await wallet.chain.block_at(0)) is not None
        assert (genesis.height, genesis.slot) == (0, 0)

    run(own_devnet, story)
