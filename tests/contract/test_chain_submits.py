"""Submits to the devnet in its own process: refused for a reason, accepted, or nobody knows."""

from dataclasses import replace

import cbor2
import pytest

from shared.cardano.addresses import to_bytes
from shared.cardano.coins import Shortage
from shared.cardano.fees import least_lovelace
from shared.chain.base import SubmitRefused, SubmitUnknown
from shared.chain.blockfrost import Blockfrost
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.chain_wallet import Wallet, run


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
