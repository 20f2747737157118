"""A wallet with one key that writes transactions by hand, so that tests can write wrong ones too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import cbor2

from shared.cardano.addresses import enterprise_address, key_hash, to_bytes
from shared.keys import SigningKey
from tests.support.processes.devnet import DevnetProcess

INPUTS, OUTPUTS, FEE, TTL, CERTIFICATES, AUXILIARY_HASH, VALID_FROM, MINT, NETWORK_ID = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    9,
    15,
)
MIN_FEE_A, MIN_FEE_B = 44, 155_381


@dataclass(frozen=True)
class Coin:
    """An output that the wallet can spend."""

    tx_hash: str
    index: int
    lovelace: int
    tokens: Mapping[str, int]


class Wallet:
    """Key, address, and a native policy "signed by this key"."""

    def __init__(self, seed: int = 1) -> None:
        self.key = SigningKey.from_seed(bytes([seed]) * 32)
        self.address = enterprise_address(self.key.public, "cardano:devnet")
        self.script = [0, key_hash(self.key.public)]
        self.policy = blake2b(b"\x00" + cbor2.dumps(self.script), digest_size=28).digest()

    def fund(self, devnet: DevnetProcess, lovelace: int = 100_000_000) -> Coin:
        """One coin from the faucet, in a block."""
        tx_hash = devnet.faucet(self.address, lovelace)
        devnet.blocks()
        return Coin(tx_hash, 0, lovelace, {})

    def coins(self, devnet: DevnetProcess) -> list[Coin]:
        """The confirmed ones."""
        found = []
        for entry in devnet.get(f"/addresses/{self.address}/utxos"):
            amounts = {amount["unit"]: int(amount["quantity"]) for amount in entry["amount"]}
            lovelace = amounts.pop("lovelace")
            found.append(Coin(entry["tx_hash"], entry["output_index"], lovelace, amounts))
        return found

    def body(self, coin: Coin, *, pay: Sequence[tuple[str, int]] = (), fee: int = 300_000) -> dict[int, Any]:
        """Spends a coin without tokens: pays, and takes the change."""
        change = coin.lovelace - fee - sum(lovelace for _, lovelace in pay)
        outputs = [[to_bytes(address), lovelace] for address, lovelace in [*pay, (self.address, change)]]
        return {INPUTS: [[bytes.fromhex(coin.tx_hash), coin.index]], OUTPUTS: outputs, FEE: fee}

    def mint(self, coin: Coin, name: bytes, quantity: int, held: int = 0) -> dict[int, Any]:
        """Mints (or burns, below zero) under the wallet's policy; the coin holds `held` of the token."""
        body = self.body(coin)
        body[MINT] = {self.policy: {name: quantity}}
        if held + quantity:
            body[OUTPUTS][0][1] = [body[OUTPUTS][0][1], {self.policy: {name: held + quantity}}]
        return body

    def unit(self, name: bytes) -> str:
        """Blockfrost's name of a token under the wallet's policy."""
        return self.policy.hex() + name.hex()

    def sign(
        self,
        body: dict[int, Any],
        *,
        metadata: object = None,
        script: bool = False,
        key: SigningKey | None = None,
    ) -> bytes:
        """The whole transaction; `script` adds the policy's script, `key` signs instead of the wallet's."""
        if metadata is not None:
            body = {**body, AUXILIARY_HASH: blake2b(cbor2.dumps(metadata), digest_size=32).digest()}
        encoded = cbor2.dumps(body)
        signer = key or self.key
        digest = blake2b(encoded, digest_size=32).digest()
        witnesses: dict[int, Any] = {0: [[signer.public.raw, signer.sign(digest)]]}
        if script:
            witnesses[1] = [self.script]
        return b"\x84" + encoded + cbor2.dumps(witnesses) + cbor2.dumps(True) + cbor2.dumps(metadata)


def transaction_id(raw: bytes) -> str:
    """Of a transaction that `Wallet.sign` made, whose body is canonical CBOR."""
    return blake2b(cbor2.dumps(cbor2.loads(raw)[0]), digest_size=32).hexdigest()


def exact(wallet: Wallet, coin: Coin, *, short: int = 0) -> bytes:
    """Spends a coin at the least fee the ledger allows, less `short` lovelace."""
    # The ledger counts a transaction without the byte that says whether its scripts are valid.
    size = len(wallet.sign(wallet.body(coin)))
    return wallet.sign(wallet.body(coin, fee=MIN_FEE_A * (size - 1) + MIN_FEE_B - short))
