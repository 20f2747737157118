"""The Blockfrost client against the devnet in its own process: what it reads back is what it did."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import cbor2
import httpx
import pytest

from shared.cardano import build
from shared.cardano.addresses import enterprise_address, key_hash, to_bytes
from shared.cardano.assets import Asset
from shared.cardano.build import Built, Draft, Parameters, Utxo
from shared.cardano.fees import least_lovelace
from shared.cardano.metadata import read_burn, read_payment
from shared.cardano.transaction import parse
from shared.chain.base import ChainUnavailable, SubmitRefused, SubmitUnknown, confirmations
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.devnet_process import DevnetProcess

NETWORK = "cardano:devnet"
HASH = bytes(range(32))
NEVER = "ab" * 32
pytestmark = pytest.mark.xdist_group("chain_devnet")


@pytest.fixture(scope="module")
def devnet() -> Iterator[DevnetProcess]:
    with DevnetProcess() as process:
        yield process


class Wallet:
    """A key of its own for each test, funded by the faucet, that asks the chain for everything."""

    def __init__(self, devnet: DevnetProcess, chain: Blockfrost) -> None:
        self.devnet = devnet
        self.chain = chain
        self.key = SigningKey.generate()
        self.address = enterprise_address(self.key.public, NETWORK)
        self.asset = Asset(build.native_policy(key_hash(self.key.public))[1], b"CREATE")

    def fund(self, lovelace: int = 50_000_000) -> None:
        self.devnet.faucet(self.address, lovelace)
        self.devnet.blocks()

    async def payment(
        self, recipient: str, lovelace: int = 3_000_000, parameters: Parameters | None = None
    ) -> Built:
        return self.signed(
            build.payment(
                utxos=await self.chain.utxos(self.address),
                change_address=self.address,
                recipient=recipient,
                lovelace=lovelace,
                token_hash=HASH,
                parameters=parameters or await self.chain.parameters(),
                expiry_slot=(await self.chain.tip()).slot + 1000,
                key=self.key.public,
                network=NETWORK,
            )
        )

    async def mint(self, quantity: int) -> Built:
        return self.signed(
            build.mint(
                utxos=await self.chain.utxos(self.address),
                change_address=self.address,
                asset=self.asset,
                quantity=quantity,
                parameters=await self.chain.parameters(),
                expiry_slot=(await self.chain.tip()).slot + 1000,
                key=self.key.public,
                network=NETWORK,
            )
        )

    async def burn(self, count: int, utxos: list[Utxo] | None = None) -> Built:
        return self.signed(
            build.burn(
                utxos=await self.chain.utxos(self.address) if utxos is None else utxos,
                change_address=self.address,
                asset=self.asset,
                count=count,
                root=HASH,
                parameters=await self.chain.parameters(),
                expiry_slot=(await self.chain.tip()).slot + 1000,
                key=self.key.public,
                network=NETWORK,
            )
        )

    def signed(self, draft: Draft) -> Built:
        return draft.sign(self.key.public, self.key.sign(bytes.fromhex(draft.id)))


def run(devnet: DevnetProcess, story: Callable[[Wallet], Awaitable[None]]) -> None:
    """Run a test's story with a fresh wallet and a client of its own."""

    async def told() -> None:
        chain = Blockfrost(devnet.url)
        try:
            await story(Wallet(devnet, chain))
        finally:
            await chain.aclose()

    asyncio.run(told())


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


def test_the_fee_cannot_be_one_lovelace_less(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        parameters = await wallet.chain.parameters()
        cheaper = replace(parameters, min_fee_b=parameters.min_fee_b - 1)
        stingy = await wallet.payment(wallet.address, parameters=cheaper)
        with pytest.raises(SubmitRefused, match=r"(?i)fee"):
            await wallet.chain.submit(stingy.raw)
        built = await wallet.payment(wallet.address)
        assert built.fee == stingy.fee + 1
        assert await wallet.chain.submit(built.raw) == built.id

    run(devnet, story)


def test_the_change_cannot_hold_one_lovelace_less(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund(4_000_000)
        parameters = await wallet.chain.parameters()
        fee = (await wallet.payment(wallet.address, 2_000_000)).fee
        least = least_lovelace(cbor2.dumps([to_bytes(wallet.address), 1_000_000]), parameters)
        most = 4_000_000 - fee - least
        with pytest.raises(build.Shortage) as shortage:
            await wallet.payment(wallet.address, most + 1)
        assert shortage.value.lovelace == 1
        cheaper = replace(parameters, coins_per_utxo_byte=parameters.coins_per_utxo_byte - 1)
        with pytest.raises(SubmitRefused):
            await wallet.chain.submit((await wallet.payment(wallet.address, most + 1, cheaper)).raw)
        built = await wallet.payment(wallet.address, most)
        assert built.change[0].lovelace == least
        assert await wallet.chain.submit(built.raw) == built.id

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
        assert read_burn(parse(raw).metadata) == (HASH, 5)
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


@pytest.mark.parametrize("fault", ["drop_after", "accept_then_error"])
def test_an_accepted_submit_without_an_answer_is_unknown_and_lands(devnet: DevnetProcess, fault: str) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        devnet.control("faults", {"submit": fault})
        with pytest.raises(SubmitUnknown):
            await wallet.chain.submit(built.raw)
        devnet.blocks()
        assert await wallet.chain.inclusion(built.id) is not None

    run(devnet, story)


@pytest.mark.parametrize("fault", ["drop_before", "error"])
def test_a_lost_submit_is_unknown_and_is_never_sent_again_by_itself(
    devnet: DevnetProcess, fault: str
) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        devnet.control("faults", {"submit": fault})
        with pytest.raises(SubmitUnknown):
            await wallet.chain.submit(built.raw)
        devnet.blocks()
        assert await wallet.chain.inclusion(built.id) is None

    run(devnet, story)


def test_a_submit_slower_than_the_time_limit_is_unknown(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        devnet.control("faults", {"delay_ms": 2000})
        hasty = Blockfrost(devnet.url, timeout=0.3)
        with pytest.raises(SubmitUnknown, match="Timeout"):
            await hasty.submit(built.raw)
        await hasty.aclose()
        devnet.control("faults", method="DELETE")

    run(devnet, story)


def test_a_refusal_says_why(devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        await wallet.chain.submit(built.raw)
        devnet.blocks()
        rival = wallet.signed(
            build.payment(
                utxos=built.inputs,
                change_address=wallet.address,
                recipient=wallet.address,
                lovelace=4_000_000,
                token_hash=HASH,
                parameters=await wallet.chain.parameters(),
                expiry_slot=(await wallet.chain.tip()).slot + 1000,
                key=wallet.key.public,
                network=NETWORK,
            )
        )
        with pytest.raises(SubmitRefused) as spent:
            await wallet.chain.submit(rival.raw)
        assert "input" in spent.value.reason.lower()
        with pytest.raises(SubmitRefused):
            await wallet.chain.submit(b"\x84")

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
