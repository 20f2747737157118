"""What strangers do to the seller beside its buyers: floods of 402s, claims of nothing, connections that never end."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import httpx

from shared.cardano.addresses import enterprise_address
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.make.build import payment
from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.strict_json import StrictJsonError
from shared.tokens import jws
from shared.tokens.prt import token_hash
from tests.chaos.world import World

NETWORK = "cardano:devnet"
FLOOD, FLOOD_PAUSE = 8, (0.3, 2.0)
SILENT, SILENT_SECONDS = 40, (1.0, 4.0)
HALVES = (
    b"",
    b"POST /api/images/buy HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /api/payments HTTP/1.1\r\n" * 2,
)
#: fees of a transaction that is never to land
PARAMETERS = Parameters(min_fee_a=44, min_fee_b=155_381, coins_per_utxo_byte=4310, max_tx_size=16_384)
EXPIRES = 400


class Strangers:
    """Nobody who wants to buy. `excuses`: nothing that they do may hinder who does."""

    excuses = False

    def __init__(self, world: World, chance: random.Random, counts: Counter[str]) -> None:
        self._world = world
        self._chance = chance
        self._counts = counts
        self._key = SigningKey.generate()

    async def run(self, stop: asyncio.Event) -> None:
        doing = [self._claim_nothing, self._flood, self._stay_silent]
        await asyncio.gather(*(self._go_on(one, stop) for one in doing))

    async def _go_on(self, act: Callable[[str], Awaitable[None]], stop: asyncio.Event) -> None:
        while not stop.is_set():
            # The seller is killed all the time: then there is nobody to pester.
            with suppress(httpx.TransportError, OSError, ValueError, StrictJsonError, jws.TokenError):
                await act(self._chance.choice(self._world.serving).url)
            await asyncio.sleep(self._chance.uniform(*FLOOD_PAUSE))

    async def _flood(self, url: str) -> None:
        """Many 402s at once, none of which is paid."""
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
            order = {"credits": self._chance.randint(1, 9)}
            answers = await asyncio.gather(
                *(http.post("/api/images/buy", json=order) for _ in range(FLOOD)), return_exceptions=True
            )
        told = [answer.status_code for answer in answers if isinstance(answer, httpx.Response)]
        self._counts["402s that nobody pays"] += told.count(402)
        self._counts["floods slowed down"] += told.count(429)

    async def _claim_nothing(self, url: str) -> None:
        """A payment that is signed and pays in full, out of outputs that do not exist."""
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:
            sold = await http.post("/api/images/buy", json={"credits": 1})
            if sold.status_code != 402:
                return
            status = await asyncio.to_thread(self._world.devnet.control, "status", None, "GET")
            claim = await asyncio.to_thread(self._junk, sold.text, int(status["slot_now"]))
            answer = await http.post("/api/payments", json={"payload": claim})
        code = str(answer.json().get("code", answer.status_code))
        self._counts[f"claims of nothing told {code}"] += 1

    def _junk(self, token: str, slot: int) -> str:
        option = jws.read(token).payload["paymentOptions"][0]
        own = enterprise_address(self._key.public, NETWORK)
        draft = payment(
            utxos=[Utxo(secrets.token_hex(32), 0, own, int(option["amount"]) * 2, {})],
            change_address=own,
            recipient=option["recipient"],
            lovelace=int(option["amount"]),
            token_hash=token_hash(token),
            parameters=PARAMETERS,
            expiry_slot=slot + EXPIRES,
            key=self._key.public,
            network=NETWORK,
        )
        built = draft.sign(self._key.public, self._key.sign(bytes.fromhex(draft.id)))
        shown = Evidence(token, option["id"], self._key.public.did, NETWORK, {"transaction": built.raw})
        return claim_token(shown, self._key, now=int(jws.read(token).payload["iat"]))

    async def _stay_silent(self, url: str) -> None:
        """Connections that say nothing, or half of something, for a while."""
        host, port = url.removeprefix("http://").split(":")
        opened = await asyncio.gather(
            *(asyncio.open_connection(host, int(port)) for _ in range(SILENT)), return_exceptions=True
        )
        pairs = [pair for pair in opened if not isinstance(pair, BaseException)]
        for _, writer in pairs:
            writer.write(self._chance.choice(HALVES))
        self._counts["silent connections"] += len(pairs)
        await asyncio.sleep(self._chance.uniform(*SILENT_SECONDS))
        for _, writer in pairs:
            writer.close()
