"""Burns of a fixed supply: what its script uses by the chain, where it lies, and what a burn commits to."""

from dataclasses import replace
from pathlib import Path

import cbor2

from paywall.burns.custody import BurnOrder, Custody
from shared.cardano.coins import Parameters
from shared.cardano.draft import Built
from shared.cardano.fixed_supply import BURN_UNITS
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import ExecutionUnits
from shared.cardano.read.fixed_guard import script_use
from shared.chain.base import ChainUnavailable, SubmitRefused
from shared.chain.blockfrost import Blockfrost
from shared.keys import PublicKey
from tests.support.hostile.outputs import Hand
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.scenes.mint_scene import MintScene, play

ROOT = bytes(range(32))


async def burn(custody: Custody, chain: Blockfrost, count: int) -> Built:
    order = BurnOrder(BatchCommitment(ROOT, count, count), ())
    return await custody.sign_burn(chain, await chain.utxos(custody.address), order)


def test_the_units_are_what_the_chain_finds_and_a_fifth_more(devnet: DevnetProcess, tmp_path: Path) -> None:
    async def story(scene: MintScene) -> None:
        await scene.mint()
        built = await burn(scene.minted(), scene.chain, 3)
        used = await scene.chain.evaluate(built.raw)
        assert used is not None
        told = script_use(built.raw)[1]
        assert told == ExecutionUnits(used.memory * 6 // 5, used.steps * 6 // 5)
        assert told != BURN_UNITS
        await scene.chain.submit(built.raw)

    play(devnet, tmp_path, story)


class Silent(Blockfrost):
    """A service that evaluates nothing."""

    async def evaluate(self, raw: bytes) -> ExecutionUnits | None:
        raise ChainUnavailable("not offered")


def test_a_service_that_evaluates_nothing_leaves_the_units_that_are_known(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        await scene.mint()
        silent, custody = Silent(devnet.url), scene.minted()
        assert script_use((await burn(custody, silent, 3)).raw)[1] == BURN_UNITS
        known = script_use((await burn(custody, scene.chain, 3)).raw)[1]
        assert script_use((await burn(custody, silent, 3)).raw)[1] == known
        await silent.aclose()

    play(devnet, tmp_path, story)


class Former(Blockfrost):
    """A service that tells the cost model of the epoch before."""

    async def parameters(self) -> Parameters:
        found = await super().parameters()
        assert found.plutus is not None
        former = tuple(cost + 1 for cost in found.plutus.cost_model)
        return replace(found, plutus=replace(found.plutus, cost_model=former))


def test_a_burn_for_a_former_cost_model_is_told_to_be_outdated_when_it_is_refused(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        await scene.mint()
        former, custody = Former(devnet.url), scene.minted()
        old = await burn(custody, former, 3)
        try:
            await scene.chain.submit(old.raw)
        except SubmitRefused:
            assert await custody.is_outdated(scene.chain, old.raw)
        else:
            raise AssertionError("the ledger took another cost model")
        new = await burn(custody, scene.chain, 3)
        assert not await custody.is_outdated(scene.chain, new.raw)
        await scene.chain.submit(new.raw)
        await former.aclose()

    play(devnet, tmp_path, story)


def test_once_another_program_spent_the_script_each_burn_brings_it_along(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(scene: MintScene) -> None:
        await scene.mint()
        custody, record = scene.minted(), scene.record()
        assert record is not None
        waiting = await burn(custody, scene.chain, 2)
        signer = custody._signer
        operator = Hand(scene.devnet, PublicKey(signer.public.raw), signer.sign)
        utxos = await scene.chain.utxos(custody.address)
        purse = [one for one in utxos if one.bare and not one.tokens]
        await operator.send([*purse, *(one for one in utxos if one.reference == record.reference)], [])
        assert await custody.is_outdated(scene.chain, waiting.raw)
        built = await burn(custody, scene.chain, 2)
        assert script_use(built.raw)[0] is None
        assert cbor2.loads(built.raw)[1][7] == [record.supply.script]
        await scene.chain.submit(built.raw)
        scene.devnet.blocks()
        assert await scene.chain.supply(custody.asset) == (1000, 2)

    play(devnet, tmp_path, story)
