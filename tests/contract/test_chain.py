"""The contract of a chain: what is read back is what was done; a submit is accepted, refused for a reason, or unknown.

Met by the Blockfrost client over a devnet in a process of its own.
"""

from dataclasses import replace

import cbor2
import pytest

from shared.cardano.addresses import enterprise_address, to_bytes
from shared.cardano.assets import Asset
from shared.cardano.coins import Shortage, Utxo
from shared.cardano.fees import least_lovelace
from shared.cardano.metadata import BatchCommitment, read_burn, read_payment
from shared.cardano.read.transaction import parse
from shared.chain.base import ChainUnavailable, MadeOutput, SubmitRefused, SubmitUnknown, confirmations
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


def test_what_a_transaction_spends_and_makes_is_told_with_who_spent_that(own_devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        recipient = enterprise_address(SigningKey.generate().public, NETWORK)
        first = await wallet.payment(recipient)
        await wallet.chain.submit(first.raw)
        assert await wallet.chain.ends(first.id) is None
        own_devnet.blocks()
        assert (ends := await wallet.chain.ends(first.id)) is not None
        assert ends.inputs == {utxo.reference: wallet.address for utxo in first.inputs}
        assert ends.outputs == {0: MadeOutput(recipient, None), 1: MadeOutput(wallet.address, None)}
        second = await wallet.payment(recipient, utxos=list(first.change))
        await wallet.chain.submit(second.raw)
        own_devnet.blocks()
        assert (ends := await wallet.chain.ends(first.id)) is not None
        assert ends.outputs[1] == MadeOutput(wallet.address, second.id)
        own_devnet.rollback(1)
        assert await wallet.chain.ends(second.id) is None
        assert (ends := await wallet.chain.ends(first.id)) is not None
        assert ends.outputs[1].spent_by is None
        own_devnet.blocks()

    run(own_devnet, story)


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
        assert await wallet.chain.ends(NEVER) is None

    run(devnet, story)


def test_a_chain_that_is_gone_is_unavailable_for_questions_and_submits(own_devnet: DevnetProcess) -> None:
    async def story(wallet: Wallet) -> None:
        wallet.fund()
        built = await wallet.payment(wallet.address)
        own_devnet.stop()
        try:
            with pytest.raises(ChainUnavailable):
                await wallet.chain.tip()
            with pytest.raises(ChainUnavailable):
                await wallet.chain.submit(built.raw)
        finally:
            own_devnet.start()
        # The client outlives the service: its dead connections are replaced.
        assert await wallet.chain.submit(built.raw) == built.id

    run(own_devnet, story)


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
        with pytest.raises(Shortage) as shortage:
            await wallet.payment(wallet.address, most + 1)
        assert shortage.value.lovelace == 1
        cheaper = replace(parameters, coins_per_utxo_byte=parameters.coins_per_utxo_byte - 1)
        stingy = await wallet.payment(wallet.address, most + 1, parameters=cheaper)
        with pytest.raises(SubmitRefused):
            await wallet.chain.submit(stingy.raw)
        built = await wallet.payment(wallet.address, most)
        assert built.change[0].lovelace == least
        assert await wallet.chain.submit(built.raw) == built.id

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
        rival = await wallet.payment(wallet.address, 4_000_000, utxos=built.inputs)
        with pytest.raises(SubmitRefused) as spent:
            await wallet.chain.submit(rival.raw)
        assert "input" in spent.value.reason.lower()
        with pytest.raises(SubmitRefused):
            await wallet.chain.submit(b"\x84")

    run(devnet, story)
