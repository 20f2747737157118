"""Who asks over plain HTTP, pays with transactions made by hand, and keeps to no rule that it does not like."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from shared.cardano.addresses import enterprise_address
from shared.cardano.coins import Utxo
from shared.cardano.draft import Built
from shared.cardano.make.build import payment
from shared.chain.blockfrost import Blockfrost
from shared.dialects.ack import claim_token
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.tokens import dpop, jws
from shared.tokens.prt import token_hash
from tests.support.processes.devnet import DevnetProcess

NETWORK = "cardano:devnet"
FUNDS = 200_000_000
EXPIRES = 400


@dataclass(frozen=True, slots=True)
class Shopper:
    """A key with money, which asks over plain HTTP and signs what it likes."""

    devnet: DevnetProcess
    url: str
    key: SigningKey = field(default_factory=SigningKey.generate)

    def fund(self) -> None:
        """In the next block."""
        self.devnet.faucet(self.address, FUNDS)

    @property
    def address(self) -> str:
        return enterprise_address(self.key.public, NETWORK)

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as http:
            return await http.request(method, path, json=body, headers=headers)

    def shows(self, method: str, path: str, receipt: str) -> dict[str, str]:
        """The headers of a receipt that is bound to this key, with a proof for one request."""
        proof = dpop.make(
            self.key,
            method=method,
            url=self.url + path,
            now=int(time.time()),
            jti=str(uuid.uuid4()),
            token=receipt,
        )
        return {"Authorization": f"DPoP {receipt}", "DPoP": proof, "Accept": "application/json"}

    async def order(self, *, holder: bool = False) -> str:
        """The token of a 402 for one credit, bound to this key or to nobody."""
        bound = {"holder": self.key.public.did} if holder else {}
        answer = await self.ask("POST", "/api/images/buy", {"credits": 1, **bound})
        assert answer.status_code == 402, answer.text
        return answer.text

    async def pay(
        self,
        token: str,
        *,
        utxos: list[Utxo] | None = None,
        key: SigningKey | None = None,
        expires: int = EXPIRES,
    ) -> Built:
        """A signed payment, handed in to nobody; `utxos` and `key` are another's."""
        chain, option = Blockfrost(self.devnet.url), jws.read(token).payload["paymentOptions"][0]
        key = key or self.key
        own = enterprise_address(key.public, NETWORK)
        try:
            draft = payment(
                utxos=await chain.utxos(own) if utxos is None else utxos,
                change_address=own,
                recipient=option["recipient"],
                lovelace=int(option["amount"]),
                token_hash=token_hash(token),
                parameters=await chain.parameters(),
                expiry_slot=(await chain.tip()).slot + expires,
                key=key.public,
                network=NETWORK,
            )
        finally:
            await chain.aclose()
        return draft.sign(key.public, key.sign(bytes.fromhex(draft.id)))

    async def claim(self, token: str, raw: bytes) -> httpx.Response:
        return await self.ask("POST", "/api/payments", {"payload": self.claimed(token, raw)})

    def claimed(self, token: str, raw: bytes) -> str:
        option = jws.read(token).payload["paymentOptions"][0]
        shown = Evidence(token, option["id"], self.key.public.did, NETWORK, {"transaction": raw})
        return claim_token(shown, self.key, now=int(jws.read(token).payload["iat"]))
