"""A custodian whose key writes down what it signed, and a chain that says what it is told to."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2

from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.policies import BuildTerms, NativePolicy
from shared.cardano.addresses import enterprise_address
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.draft import Draft
from shared.cardano.metadata import BatchCommitment
from shared.chain.base import Tip
from shared.keys import PublicKey, SigningKey

NETWORK = "cardano:preprod"
KEY, THIEF = SigningKey.from_seed(bytes(range(32))), SigningKey.from_seed(bytes(range(1, 33)))
OURS, THEIRS = enterprise_address(KEY.public, NETWORK), enterprise_address(THIEF.public, NETWORK)
POLICY = NativePolicy(KEY.public)
UNIT = POLICY.asset.unit
ROOT = bytes(range(32))
CAP = 300_000
HONEST = Parameters(min_fee_a=44, min_fee_b=155_381, coins_per_utxo_byte=4310, max_tx_size=16_384)
WALLET = Utxo("11" * 32, 0, OURS, 50_000_000, {UNIT: 9})


@dataclass
class Recording:
    """Our key, and everything that it was made to sign."""

    public: PublicKey = KEY.public
    signed: list[bytes] = field(default_factory=list)

    async def sign(self, message: bytes) -> bytes:
        self.signed.append(message)
        return KEY.sign(message)


@dataclass
class ToldChain:
    """Says what a test wants it to say."""

    told_parameters: Parameters = HONEST
    told_slot: int = 1_000_000
    told_utxos: Sequence[Utxo] = (WALLET,)

    async def parameters(self) -> Parameters:
        return self.told_parameters

    async def tip(self) -> Tip:
        return Tip(height=1, slot=self.told_slot, time=1, hash="00" * 32)

    async def utxos(self, _address: str) -> list[Utxo]:
        return list(self.told_utxos)


def order(count: int = 4, root: bytes = ROOT, must_spend: Sequence[tuple[str, int]] = ()) -> BurnOrder:
    return BurnOrder(BatchCommitment(root, count, count), must_spend)


def attempt(
    *,
    chain: ToldChain | None = None,
    policy: NativePolicy = POLICY,
    burn: BurnOrder | None = None,
    mint: int | None = None,
) -> list[bytes]:
    """What the key signed; the refusal, if there is one, is raised after a look that it signed nothing."""
    signer, said = Recording(), chain or ToldChain()
    custody = Custody(signer, NETWORK, policy=lambda _: policy, max_fee=CAP, expiry_slots=100)

    async def story() -> None:
        if mint is not None:
            await custody.sign_mint(said, mint)  # type: ignore[arg-type]  # it asks for no more of a chain
        else:
            await custody.sign_burn(said, said.told_utxos, burn or order())  # type: ignore[arg-type]

    try:
        asyncio.run(story())
    except BaseException:
        assert signer.signed == []
        raise
    return signer.signed


Change = Callable[[dict[int, Any]], object]


@dataclass(frozen=True, slots=True)
class TakenOver(NativePolicy):
    """A builder in somebody else's hands: it gives out what it was asked for, with a change of its own."""

    change: Change = lambda _: None
    auxiliary: bytes | None = None

    def burn(
        self,
        utxos: Sequence[Utxo],
        batch: BatchCommitment,
        must_spend: Sequence[tuple[str, int]],
        terms: BuildTerms,
    ) -> Draft:
        return self._changed(POLICY.burn(utxos, batch, must_spend, terms))

    def mint(self, utxos: Sequence[Utxo], quantity: int, terms: BuildTerms) -> Draft:
        return self._changed(POLICY.mint(utxos, quantity, terms))

    def _changed(self, draft: Draft) -> Draft:
        body: dict[int, Any] = cbor2.loads(draft.body_bytes)
        self.change(body)
        return replace(draft, body_bytes=cbor2.dumps(body), auxiliary=self.auxiliary or draft.auxiliary)
