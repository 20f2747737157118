"""Nothing slips past the custodial wallet: whoever lies to it or builds for it, its key signs burns and mints alone."""

import asyncio
from dataclasses import replace
from typing import Any

import cbor2
import pytest

from paywall.burns.custody import BurnOrder, Custody
from paywall.burns.policies import NativePolicy
from shared.cardano.addresses import to_bytes
from shared.cardano.draft import Draft
from shared.cardano.metadata import BatchCommitment, burn_metadata
from shared.cardano.read.guard import UnsafeBurnError
from tests.unit.cardano.custody_samples import (
    CAP,
    HONEST,
    KEY,
    NETWORK,
    POLICY,
    ROOT,
    THEIRS,
    UNIT,
    WALLET,
    Recording,
    TakenOver,
    ToldChain,
    attempt,
    order,
)


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
