"""Transactions made by hand around the custodial wallet: strangers' burdens, and an operator's moves with our key."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import cbor2

from shared.cardano.addresses import enterprise_address, key_hash, to_bytes
from shared.cardano.assets import Asset
from shared.cardano.coins import Utxo, together
from shared.cardano.policy import NativeScript
from shared.keys import PublicKey, SigningKey
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.seller import NETWORK, Seller

FEE = 900_000
Signing = Callable[[bytes], Awaitable[bytes]]


def value(lovelace: int, tokens: Mapping[str, int]) -> Any:
    """As an output has it; `tokens` by Blockfrost's unit."""
    bundle: dict[bytes, dict[bytes, int]] = {}
    for unit, quantity in tokens.items():
        asset = Asset.parse(unit)
        bundle.setdefault(bytes.fromhex(asset.policy_id), {})[asset.name] = quantity
    return [lovelace, bundle] if bundle else lovelace


def output(address: str, lovelace: int, tokens: Mapping[str, int] | None = None) -> list[Any]:
    return [to_bytes(address), value(lovelace, tokens or {})]


def with_script(address: str, lovelace: int) -> dict[int, Any]:
    """An output that carries a script for reference, which makes whoever spends it pay for its bytes."""
    script = cbor2.dumps([0, [1, [[0, bytes([n]) * 28] for n in range(60)]]])
    return {0: to_bytes(address), 1: lovelace, 3: cbor2.CBORTag(24, script)}


class Hand:
    """A key whose owner makes transactions of any shape; what they leave over goes back to him."""

    def __init__(self, devnet: DevnetProcess, public: PublicKey, sign: Signing) -> None:
        self.devnet = devnet
        self.public = public
        self.address = enterprise_address(public, NETWORK)
        self.policy_id = NativeScript(key_hash(public)).policy_id
        self._sign = sign

    @classmethod
    def stranger(cls, devnet: DevnetProcess) -> "Hand":
        key = SigningKey.generate()

        async def sign(message: bytes) -> bytes:
            return key.sign(message)

        return cls(devnet, key.public, sign)

    @classmethod
    def operator(cls, seller: Seller) -> "Hand":
        """Another program with the custodial key."""
        signer = seller.custody._signer
        return cls(seller.devnet, signer.public, signer.sign)

    async def send(
        self, inputs: Sequence[Utxo], outputs: Sequence[Any], *, mint: Mapping[bytes, int] | None = None
    ) -> str:
        """In a block of its own; the transaction's id."""
        answer = self.devnet.submit(await self.made(inputs, outputs, mint=mint))
        assert answer.status_code == 200, answer.text
        self.devnet.blocks()
        return str(answer.json())

    async def made(
        self, inputs: Sequence[Utxo], outputs: Sequence[Any], *, mint: Mapping[bytes, int] | None = None
    ) -> bytes:
        """Signed bytes. `mint` is by name, under the key's native script."""
        script = NativeScript(key_hash(self.public))
        made = {script.policy_id + name.hex(): quantity for name, quantity in (mint or {}).items()}
        body: dict[int, Any] = {
            0: [[bytes.fromhex(one.tx_hash), one.index] for one in inputs],
            1: [*outputs, self._rest(inputs, outputs, made)],
            2: FEE,
        }
        witnesses: dict[int, Any] = {}
        if mint:
            body[9] = {bytes.fromhex(script.policy_id): dict(mint)}
            witnesses[1] = [cbor2.loads(script.raw)]
        return await self._signed(body, witnesses)

    def _rest(self, inputs: Sequence[Utxo], outputs: Sequence[Any], made: Mapping[str, int]) -> Any:
        lovelace = sum(one.lovelace for one in inputs) - FEE
        tokens = {
            unit: together(inputs).get(unit, 0) + made.get(unit, 0) for unit in {*together(inputs), *made}
        }
        for sent in outputs:
            amount = sent[1] if isinstance(sent[1], list) else [sent[1], {}]
            lovelace -= amount[0]
            for policy, names in amount[1].items():
                for name, quantity in names.items():
                    tokens[policy.hex() + name.hex()] -= quantity
        return output(self.address, lovelace, {unit: left for unit, left in tokens.items() if left})

    async def _signed(self, body: Mapping[int, Any], witnesses: Mapping[int, Any]) -> bytes:
        signature = await self._sign(blake2b(cbor2.dumps(body), digest_size=32).digest())
        keyed = {0: [[self.public.raw, signature]], **witnesses}
        return b"".join([b"\x84", cbor2.dumps(body), cbor2.dumps(keyed), b"\xf5\xf6"])


async def scatter(seller: Seller, pieces: Sequence[tuple[int, int]], keeper: str) -> None:
    """The custodial wallet's outputs become these (lovelace, tokens), and the rest goes to `keeper`."""
    hand, unit = Hand.operator(seller), seller.custody.asset.unit
    held = await seller.parts.chain.utxos(hand.address)
    lovelace = sum(one.lovelace for one in held) - FEE - sum(ada for ada, _ in pieces)
    tokens = sum(one.tokens.get(unit, 0) for one in held) - sum(count for _, count in pieces)
    kept = output(keeper, lovelace, {unit: tokens} if tokens else {})
    sent = [output(hand.address, ada, {unit: count} if count else {}) for ada, count in pieces[:-1]]
    await hand.send(held, [kept, *sent])  # the last piece is what it leaves over
