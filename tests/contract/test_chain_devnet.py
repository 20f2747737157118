"""The Blockfrost client against the devnet in its own process: what it reads back is what it did."""

import asyncio

import httpx
import pytest

from shared.cardano.addresses import enterprise_address
from shared.cardano.assets import Asset
from shared.cardano.coins import Utxo
from shared.cardano.metadata import BatchCommitment, read_burn, read_payment
from shared.cardano.read.transaction import parse
from shared.chain.base import ChainUnavailable, confirmations
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.chain_wallet import HASH, NETWORK, Wallet, run

NEVER = "ab" * 32


def test_a_payment_is_read_back_as_it_was_made(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        recipient = enterprise_address(SigningKey.generate().public, NETWORK)
        built = await wallet.payment(recipient)
        assert await wallet.chain.submit(built.raw) == built.id
        assert await wallet.chain.inclusion(built.id) is None
        devnet.blocks()
        assert await wallet.chain.utxos(recipient) == [Utxo(built.id, 0, recipient, 3_000_000)]
        assert await wallet.chain.utxos(wallet.address) == list(built.change)
        assert await wallet.chain.transaction(built.id) == built.raw
        assert read_payment(parse(built.raw).metadata) == HASH

    run(devnet, story)


def test_a_supply_is_minted_and_burned_and_counted(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        assert await wallet.chain.supply(wallet.asset) is None
        wallet.fund()
        await wallet.chain.submit((await wallet.mint(10_000)).raw)
        devnet.blocks()
        assert await wallet.chain.supply(wallet.asset) == (10_000, 0)
        holding = await wallet.chain.utxos(wallet.address, wallet.asset)
        assert [utxo.tokens for utxo in holding] == [{wallet.asset.unit: 10_000}]
        assert await wallet.chain.utxos(wallet.address, Asset("00" * 28, b"")) == []
        first = await wallet.burn(7)
        second = await wallet.burn(5, utxos=list(first.change))
        for built in (first, second):
            assert await wallet.chain.submit(built.raw) == built.id
        devnet.blocks()
        assert await wallet.chain.supply(wallet.asset) == (10_000, 12)
        raw = await wallet.chain.transaction(second.id)
        assert raw is not None
        assert read_burn(parse(raw).metadata) == BatchCommitment(HASH, 5, 5)
        assert (await wallet.chain.utxos(wallet.address))[0].tokens == {wallet.asset.unit: 9_988}

    run(devnet, story)


def test_confirmations_count_the_block_itself(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        await wallet.chain.submit(built.raw)
        devnet.blocks()
        tip, inclusion = await wallet.chain.tip(), await wallet.chain.inclusion(built.id)
        assert inclusion is not None
        assert (inclusion.block_hash, inclusion.height) == (tip.hash, tip.height)
        assert (inclusion.slot, inclusion.time) == (tip.slot, tip.time)
        assert confirmations(tip, inclusion) == 1
        devnet.blocks(3)
        assert confirmations(await wallet.chain.tip(), inclusion) == 4

    run(devnet, story)


def test_a_transaction_that_was_rolled_back_is_not_on_the_chain(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        await wallet.chain.submit(built.raw)
        devnet.blocks(2)
        assert await wallet.chain.inclusion(built.id) is not None
        devnet.rollback(2)
        assert await wallet.chain.inclusion(built.id) is None
        assert await wallet.chain.transaction(built.id) is None
        assert await wallet.chain.submit(built.raw) == built.id
        devnet.blocks()
        assert await wallet.chain.inclusion(built.id) is not None

    run(devnet, story)


def test_an_address_with_more_outputs_than_a_page_is_read_whole(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        for number in range(230):
            devnet.faucet(wallet.address, 2_000_000 + number)
            if number % 50 == 49:
                devnet.blocks()
        devnet.blocks()
        found = await wallet.chain.utxos(wallet.address)
        assert sorted(utxo.lovelace for utxo in found) == [2_000_000 + number for number in range(230)]

    run(devnet, story)


def test_what_never_was_is_none_and_an_unused_address_is_empty(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        assert await wallet.chain.utxos(wallet.address) == []
        assert await wallet.chain.inclusion(NEVER) is None
        assert await wallet.chain.transaction(NEVER) is None

    run(devnet, story)


def test_a_chain_that_is_gone_is_unavailable_for_questions_and_submits(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        devnet.stop()
        try:
            with pytest.raises(ChainUnavailable):
                await wallet.chain.tip()
            with pytest.raises(ChainUnavailable):
                await wallet.chain.submit(built.raw)
        finally:
            devnet.start()
        # The client outlives the service: its dead connections are replaced.
        assert await wallet.chain.submit(built.raw) == built.id

    run(devnet, story)


def test_one_connection_serves_many_calls(devnet: DevnetProcess) -> None:
    opened = []

    class Counting(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            async def trace(event: str, _: object) -> None:
                if event == "connection.connect_tcp.complete":
                    opened.append(event)

            request.extensions["trace"] = trace
            return await super().handle_async_request(request)

    async def told() -> None:
        chain = Blockfrost(devnet.url, transport=Counting())
        for _ in range(5):
            await chain.tip()
            await chain.parameters()
        await chain.aclose()

    asyncio.run(told())
    assert len(opened) == 1
