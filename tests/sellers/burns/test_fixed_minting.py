"""Minting a fixed supply through interruptions, the file that remembers it, and burns that spare the script."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from paywall.burns.custody import BurnOrder
from paywall.burns.policy_file import read_record
from paywall.burns.supply import mint_fixed_supply
from paywall.errors import SetupError
from shared.cardano.coins import Parameters, Shortage
from shared.cardano.metadata import BatchCommitment
from shared.chain.base import ChainUnavailable, SubmitRefused, SubmitUnknown
from shared.chain.blockfrost import Blockfrost
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.scenes.mint_scene import SUPPLY, MintScene, play

ROOT = bytes(range(32))


class Failing(Blockfrost):
    """Fails the first submit as told, after or without passing it on."""

    failure: Exception
    passes_on = False

    async def submit(self, raw: bytes) -> str:
        if self.passes_on:
            await super().submit(raw)
        raise self.failure


def test_before_the_mint_the_token_has_no_name_and_after_it_burns_work(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        with pytest.raises(SetupError, match="not minted yet"):
            print(scene.custody.asset)
        tx_hash = await scene.mint()
        record = scene.record()
        assert record is not None
        assert (record.tx_hash, record.reference, record.supply.quantity) == (tx_hash, (tx_hash, 0), SUPPLY)
        custody = scene.minted()
        assert await scene.chain.supply(custody.asset) == (SUPPLY, 0)
        order = BurnOrder(BatchCommitment(ROOT, 7, 7), must_spend=())
        built = await custody.sign_burn(scene.chain, await scene.chain.utxos(custody.address), order)
        await scene.chain.submit(built.raw)
        scene.devnet.blocks()
        assert await scene.chain.supply(custody.asset) == (SUPPLY, 7)
        with pytest.raises(SetupError, match="minted already"):
            await scene.mint()

    play(devnet, tmp_path, story)


def test_the_output_with_the_script_is_never_spent_however_short_the_wallet_is(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        await scene.mint()
        custody, record = scene.minted(), scene.record()
        assert record is not None
        utxos = await scene.chain.utxos(custody.address)
        order = BurnOrder(BatchCommitment(ROOT, 1, 1), must_spend=())
        # As if the change had next to nothing left: only the script's output has ADA to spare.
        poor = [
            utxo if utxo.reference == record.reference else replace(utxo, lovelace=1_200_000)
            for utxo in utxos
            if utxo.tokens or utxo.reference == record.reference
        ]
        with pytest.raises(Shortage):
            await custody.sign_burn(scene.chain, poor, order)
        built = await custody.sign_burn(scene.chain, utxos, order)
        assert record.reference not in [utxo.reference for utxo in built.inputs]

    play(devnet, tmp_path, story)


def test_a_mint_whose_fate_is_unknown_goes_on_with_the_same_bytes(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        lossy = Failing(devnet.url)
        lossy.failure = SubmitUnknown("no answer")
        with pytest.raises(SetupError, match="not on chain"):
            await scene.mint(lossy, time_limit=0.3)
        await lossy.aclose()
        first = scene.record()
        tx_hash = await scene.mint()
        assert first == scene.record()
        assert first is not None
        assert first.tx_hash == tx_hash
        assert await scene.chain.supply(first.supply.asset) == (SUPPLY, 0)

    play(devnet, tmp_path, story)


def test_a_mint_that_landed_without_an_answer_is_found_on_chain(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        lossy = Failing(devnet.url)
        lossy.failure, lossy.passes_on = SubmitUnknown("no answer"), True
        tx_hash = await scene.mint(lossy)
        await lossy.aclose()
        record = scene.record()
        assert record is not None
        assert record.tx_hash == tx_hash

    play(devnet, tmp_path, story)


def test_a_mint_that_the_ledger_refused_leaves_no_file(devnet: DevnetProcess, tmp_path: Path) -> None:
    async def story(scene: MintScene) -> None:
        strict = Failing(devnet.url)
        strict.failure = SubmitRefused("no")
        with pytest.raises(SubmitRefused):
            await scene.mint(strict)
        await strict.aclose()
        assert not scene.file.exists()
        await scene.mint()

    play(devnet, tmp_path, story)


def test_an_expired_mint_is_signed_anew_from_the_same_output(
    own_devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        lossy = Failing(scene.devnet.url)
        lossy.failure = SubmitUnknown("no answer")
        with pytest.raises(SetupError, match="not on chain"):
            await scene.mint(lossy, time_limit=0.3)
        await lossy.aclose()
        first = scene.record()
        scene.devnet.blocks(skip_slots=100_001)
        tx_hash = await scene.mint()
        second = scene.record()
        assert first is not None
        assert second is not None
        assert second.tx_hash == tx_hash != first.tx_hash
        assert second.supply == first.supply  # so that never both could stand

    play(own_devnet, tmp_path, story)


def test_another_quantity_does_not_replace_a_mint_that_is_on_its_way(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        lossy = Failing(devnet.url)
        lossy.failure = SubmitUnknown("no answer")
        with pytest.raises(SetupError):
            await scene.mint(lossy, time_limit=0.3)
        await lossy.aclose()
        with pytest.raises(SetupError, match="A mint of 1000 is on its way"):
            await mint_fixed_supply(scene.custody, scene.chain, 2000, scene.file, time_limit=1)

    play(devnet, tmp_path, story)


class Unpriced(Blockfrost):
    """A chain service that does not tell the cost models."""

    async def parameters(self) -> Parameters:
        return replace(await super().parameters(), plutus=None)


def test_a_service_that_tells_no_prices_for_scripts_is_unavailable_not_a_crash(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        service = Unpriced(devnet.url)
        with pytest.raises(ChainUnavailable, match="Plutus"):
            await scene.mint(service)
        await scene.mint()
        utxos = await scene.chain.utxos(scene.custody.address)
        with pytest.raises(ChainUnavailable, match="Plutus"):
            await scene.minted().sign_burn(service, utxos, BurnOrder(BatchCommitment(ROOT, 1, 1), ()))
        await service.aclose()

    play(devnet, tmp_path, story)


def test_a_policy_file_that_contradicts_itself_is_refused(devnet: DevnetProcess, tmp_path: Path) -> None:
    async def story(scene: MintScene) -> None:
        await scene.mint()
        whole = scene.file.read_text()
        told: dict[str, Any] = json.loads(whole)
        changes: list[dict[str, object]] = [
            {"supply": 6000},
            {"supply": 0},
            {"supply": "many"},
            {"seed": "ab" * 32 + "#0"},
            {"seed": 7},
            {"name": "4f54484552"},
            {"policy_id": "ab" * 28},
            {"reference": "ab" * 32 + "#0"},
            {"reference": "nowhere"},
            {"transaction": "84"},
            {"transaction": None},
        ]
        for text in [*(json.dumps(told | change) for change in changes), "[]", "", whole[:200]]:
            scene.file.write_text(text)
            with pytest.raises(SetupError, match="does not describe the policy"):
                scene.record()
        scene.file.write_text(whole)
        with pytest.raises(SetupError, match="does not describe the policy"):
            read_record(scene.file, bytes(28))  # another wallet's

    play(devnet, tmp_path, story)
