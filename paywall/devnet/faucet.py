"""The devnet's faucet: a genesis key that holds two thirds of all ADA, and payments from it."""

from collections.abc import Mapping
from hashlib import blake2b

import cbor2

from paywall.devnet.blockfrost.transactions import IndexedOutput, Ref
from paywall.devnet.chain import GENESIS_ID
from shared.cardano.addresses import enterprise_address, to_bytes
from shared.cardano.read.outputs import Output
from shared.keys import SigningKey

NETWORK = "cardano:devnet"
GENESIS_LOVELACE = 30_000_000_000_000_000
# More than the ledger asks for one input and two outputs: exactness would buy nothing here.
FEE = 200_000


class Faucet:
    """Signs payments with one key. Each spends its largest output, so that payments follow on one another."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.address = enterprise_address(key.public, NETWORK)

    def genesis(self) -> dict[Ref, IndexedOutput]:
        """The one output that the chain starts with."""
        raw = cbor2.dumps([to_bytes(self.address), GENESIS_LOVELACE])
        return {(GENESIS_ID, 0): IndexedOutput(Output(self.address, GENESIS_LOVELACE, {}), raw)}

    def pay(self, spendable: Mapping[Ref, IndexedOutput], address: str, lovelace: int) -> bytes:
        """Signed transaction bytes. Raises InvalidAddressError, ValueError when it runs dry."""
        own = [
            (at.output.lovelace, ref) for ref, at in spendable.items() if at.output.address == self.address
        ]
        held, ref = max(own, default=(0, (GENESIS_ID, 0)))
        if lovelace + 2 * FEE > held:
            raise ValueError("the faucet does not hold that much")
        change = held - lovelace - FEE
        body = cbor2.dumps(
            {
                0: [[bytes.fromhex(ref[0]), ref[1]]],
                1: [[to_bytes(address), lovelace], [to_bytes(self.address), change]],
                2: FEE,
            }
        )
        return self._signed(body)

    def _signed(self, body: bytes) -> bytes:
        digest = blake2b(body, digest_size=32).digest()
        witnesses = cbor2.dumps({0: [[self._key.public.raw, self._key.sign(digest)]]})
        return b"\x84" + body + witnesses + cbor2.dumps(True) + cbor2.dumps(None)
