"""Nothing slips past the custodial wallet: whoever lies to it or builds for it, its key signs burns and mints alone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
import pytest

from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.policies import BuildTerms, NativePolicy
from shared.cardano.addresses import enterprise_address, to_bytes
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.draft import Draft
from shared.cardano.metadata import BatchCommitment, burn_metadata
from shared.cardano.read.guard import UnsafeBurnError, UnsafeMintError
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


def test_an_honest_burn_and_mint_are_signed_once() -> None:
    assert len(attempt()) == 1
    assert len(attempt(mint=10)) == 1


STRANGE = replace(WALLET, address=THEIRS)
LIES = {
    "a price that drains the wallet into the fee": (
        ToldChain(replace(HONEST, min_fee_b=CAP)),
        "over the cap",
    ),
    "a price for each byte that does": (ToldChain(replace(HONEST, min_fee_a=1_000)), "over the cap"),
    "a fee below nothing": (ToldChain(replace(HONEST, min_fee_a=-1_000)), "the fee is not a number"),
    "no room for change": (ToldChain(replace(HONEST, coins_per_utxo_byte=10**9)), "too little lovelace"),
    "outputs of somebody else": (ToldChain(told_utxos=[STRANGE]), "belongs to another key"),
    "a slot beyond all time": (ToldChain(told_slot=2**64), "expiry_slot is not a number"),
}


@pytest.mark.parametrize("mint", [None, 10], ids=["burn", "mint"])
@pytest.mark.parametrize(("lie", "refusal"), LIES.values(), ids=LIES.keys())
def test_a_chain_that_lies_gets_no_signature(lie: ToldChain, refusal: str, mint: int | None) -> None:
    with pytest.raises(ValueError, match=refusal):
        attempt(chain=lie, mint=mint)


def test_somebody_elses_output_among_ours_is_not_spent() -> None:
    few = replace(WALLET, tokens={UNIT: 2})
    with pytest.raises(ValueError, match="belongs to another key"):
        attempt(chain=ToldChain(told_utxos=[few, replace(STRANGE, index=1, tokens={UNIT: 2})]))


ORDERS = {
    "nothing": (order(0), "at least one redemption"),
    "less than nothing, which would mint": (order(-4), "at least one redemption"),
    "more than there is": (order(10), "too few tokens"),
    "a root of another length": (order(root=bytes(31)), "32-byte root"),
}


@pytest.mark.parametrize(("burn", "refusal"), ORDERS.values(), ids=ORDERS.keys())
def test_an_order_that_is_no_burn_gets_no_signature(burn: BurnOrder, refusal: str) -> None:
    with pytest.raises(ValueError, match=refusal):
        attempt(burn=burn)


@pytest.mark.parametrize("quantity", [0, -4])
def test_a_mint_of_nothing_gets_no_signature(quantity: int) -> None:
    with pytest.raises(ValueError, match="at least one token"):
        attempt(mint=quantity)


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


def ours(**quantities: int) -> dict[bytes, dict[bytes, int]]:
    policy = bytes.fromhex(POLICY.asset.policy_id)
    return {policy: {name.encode(): quantity for name, quantity in quantities.items()}}


EITHER: dict[str, Change] = {
    "a payment to the thief": lambda body: body[1].append([to_bytes(THEIRS), 1_000_000]),
    "all to the thief": lambda body: body.update({1: [[to_bytes(THEIRS), 9_000_000]]}),
    "our key with the thief's stake": lambda body: body.update(
        {1: [[b"\x00" + to_bytes(OURS)[1:] + to_bytes(THEIRS)[1:], 9_000_000]]}
    ),
    "everything as a fee": lambda body: body.update({2: 40_000_000}),
    "no expiry": lambda body: body.pop(3),
    "another quantity": lambda body: body.update({9: ours(CREATE=5)}),
    "another token of ours beside it": lambda body: body.update({9: ours(CREATE=-4, MORE=1)}),
    "another policy": lambda body: body.update({9: {bytes(28): {b"CREATE": -4}}}),
    "no token at all": lambda body: body.pop(9),
    "a withdrawal": lambda body: body.update({5: {b"\xe0" + to_bytes(OURS)[1:]: 1}}),
    "a delegation": lambda body: body.update({4: [[2, [0, to_bytes(OURS)[1:]], bytes(28)]]}),
    "a vote": lambda body: body.update({19: {(2, bytes(28)): {(bytes(32), 0): [1, None]}}}),
    "a donation": lambda body: body.update({22: 1_000_000}),
    "collateral": lambda body: body.update({13: [[bytes(32), 0]]}),
}
BURNS: dict[str, Change] = {
    **EITHER,
    "a mint": lambda body: body.update({9: ours(CREATE=4)}),
    "fewer than the batch": lambda body: body.update({9: ours(CREATE=-3)}),
    "a commitment to something else": lambda body: body.update({7: bytes(32)}),
}
MINTS: dict[str, Change] = {
    **EITHER,
    "a burn": lambda body: body.update({9: ours(CREATE=-4)}),
    "more than was asked for": lambda body: body.update({9: ours(CREATE=11)}),
    "metadata that is not there": lambda body: body.update({7: bytes(32)}),
}


@pytest.mark.parametrize("change", BURNS.values(), ids=BURNS.keys())
def test_a_builder_that_was_taken_over_gets_no_signature_on_a_burn(change: Change) -> None:
    with pytest.raises(UnsafeBurnError):
        attempt(policy=TakenOver(KEY.public, change))


@pytest.mark.parametrize("change", MINTS.values(), ids=MINTS.keys())
def test_a_builder_that_was_taken_over_gets_no_signature_on_a_mint(change: Change) -> None:
    with pytest.raises(UnsafeMintError):
        attempt(policy=TakenOver(KEY.public, change), mint=10)


def test_a_taken_over_builder_that_changes_nothing_is_signed() -> None:
    assert (
        len(attempt(policy=TakenOver(KEY.public))) == len(attempt(policy=TakenOver(KEY.public), mint=10)) == 1
    )


def test_a_draft_that_names_another_id_than_its_bytes_have_is_not_signed_under_it() -> None:
    """What was looked at is what is signed."""

    class Twofold(Draft):
        @property
        def id(self) -> str:
            return "ff" * 32

    class Lying(NativePolicy):
        def burn(self, *asked: Any) -> Draft:
            honest = POLICY.burn(*asked)
            return Twofold(**{name: getattr(honest, name) for name in Draft.__dataclass_fields__})

    signer, chain = Recording(), ToldChain()
    custody = Custody(signer, NETWORK, policy=Lying, max_fee=CAP, expiry_slots=100)
    with pytest.raises(ValueError, match="not this key's"):
        asyncio.run(custody.sign_burn(chain, [WALLET], order()))  # type: ignore[arg-type]
    assert bytes.fromhex("ff" * 32) not in signer.signed


def test_a_batch_that_the_metadata_does_not_tell_is_not_signed() -> None:
    other = cbor2.dumps(burn_metadata(BatchCommitment(ROOT, 3, 3)))
    with pytest.raises(UnsafeBurnError, match="metadata"):
        attempt(policy=TakenOver(KEY.public, auxiliary=other))


def test_a_body_that_changes_between_the_look_and_the_signature_is_not_given_out() -> None:
    """A signature may take a call over the network: what comes out is what was looked at, or nothing."""
    drafts: list[Draft] = []

    class Keeping(NativePolicy):
        def burn(self, *asked: Any) -> Draft:
            drafts.append(POLICY.burn(*asked))
            return drafts[0]

    class Swapping(Recording):
        async def sign(self, message: bytes) -> bytes:
            more: dict[int, Any] = cbor2.loads(drafts[0].body_bytes)
            more[1].append([to_bytes(THEIRS), 1_000_000])
            object.__setattr__(drafts[0], "body_bytes", cbor2.dumps(more))
            return await super().sign(message)

    custody = Custody(Swapping(), NETWORK, policy=Keeping, max_fee=CAP, expiry_slots=100)
    with pytest.raises(ValueError, match="not this key's"):
        asyncio.run(custody.sign_burn(ToldChain(), [WALLET], order()))  # type: ignore[arg-type]
