"""Who else touches the custodial wallet: a program that has its key too, and a stranger who sends what nobody wants."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import cbor2

from shared.cardano.coins import Utxo, held
from shared.chain.base import ChainError
from shared.chain.blockfrost import Blockfrost
from shared.keys import SigningKey
from tests.chaos.faults.chain_hand import ChainHand
from tests.chaos.world import World
from tests.support.hostile.outputs import Hand, output, with_script

ADA = 1_000_000
MOVED, PIECES = (1, 3), (1, 3)
SMALL, MOST_SMALL = 2 * ADA, 15
PURSE = 5_000 * ADA


class WalletHands:
    """Each act is one transaction, which may be refused, rolled back, or come too late."""

    def __init__(self, world: World, chance: random.Random, counts: Counter[str], hand: ChainHand) -> None:
        self._world = world
        self._chance = chance
        self._counts = counts
        self._chain_hand = hand
        self._chain = Blockfrost(world.devnet.url)
        self._stranger = _hand(world, SigningKey.generate())

    async def aclose(self) -> None:
        await self._chain.aclose()

    def _operator(self) -> Hand:
        return _hand(self._world, SigningKey.from_pem((self._world.data / "custody.pem").read_bytes()))

    async def move(self) -> None:
        """Some of the wallet's outputs go back to its own address in other pieces: no token is lost, none burned."""
        operator = self._operator()
        found = [one for one in await self._outputs(operator.address) if one.bare]
        inputs = self._chance.sample(found, min(len(found), self._chance.randint(*MOVED)))
        lovelace = sum(one.lovelace for one in inputs)
        pieces = self._chance.randint(*PIECES)
        if lovelace < 10 * ADA * pieces:
            return
        for unit in {unit for one in inputs for unit in one.tokens}:
            split = {unit: held(inputs, unit) // 2} if held(inputs, unit) > 1 else {}
            break
        else:
            split = {}
        sent = [output(operator.address, 5 * ADA, split if n == 0 else {}) for n in range(pieces - 1)]
        if await self._send(operator, inputs, sent):
            self._counts["moves by another program with the key"] += 1

    async def dust(self) -> None:
        """A script for reference, a datum, junk tokens, or many small outputs."""
        purse = [one for one in await self._outputs(self._stranger.address) if one.lovelace > 100 * ADA]
        if not purse:
            body = {"address": self._stranger.address, "lovelace": PURSE}
            await self._chain_hand.control("faucet", body)
            return
        kind = self._chance.choice(("a script", "a datum", "junk tokens", "small outputs"))
        address, mint = self._operator().address, {}
        if kind == "a script":
            sent: list[Any] = [with_script(address, 20 * ADA)]
        elif kind == "a datum":
            sent = [{0: output(address, 0)[0], 1: 3 * ADA, 2: [1, cbor2.CBORTag(24, cbor2.dumps(7))]}]
        elif kind == "junk tokens":
            mint = {self._chance.randbytes(20): 1 + self._chance.getrandbits(60) for _ in range(20)}
            junk = {self._stranger.policy_id + name.hex(): quantity for name, quantity in mint.items()}
            sent = [output(address, 10 * ADA, junk)]
        else:
            sent = [output(address, SMALL) for _ in range(self._chance.randint(5, MOST_SMALL))]
        if await self._send(self._stranger, purse[:1], sent, mint):
            self._counts[f"dust: {kind}"] += 1

    async def _outputs(self, address: str) -> list[Utxo]:
        try:
            return await self._chain.utxos(address)
        except ChainError:
            return []

    async def _send(
        self, hand: Hand, inputs: Sequence[Utxo], sent: Sequence[Any], mint: dict[bytes, int] | None = None
    ) -> bool:
        return await self._chain_hand.submit(await hand.made(inputs, sent, mint=mint))


def _hand(world: World, key: SigningKey) -> Hand:
    async def sign(message: bytes) -> bytes:
        return key.sign(message)

    return Hand(world.devnet, key.public, sign)
