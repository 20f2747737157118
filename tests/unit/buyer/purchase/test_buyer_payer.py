"""The Cardano payer: what it finds fair, what it drafts and leaves alone.

What every payer must do is in tests/contract/test_payers.py.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pytest

from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault, UsageError
from buyer.limits import SpendingLimits
from buyer.payers import cardano
from buyer.payers.base import Cost, PaymentDraft, PaymentTerms
from buyer.payers.cardano import LONGEST_LIFE, CardanoPayer
from buyer.rates import DEVNET_LEAST, ada_price
from shared.cardano.addresses import enterprise_address
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.draft import Draft
from shared.cardano.metadata import read_payment
from shared.cardano.read.transaction import parse
from shared.chain.base import Inclusion, Tip, TransactionEnds
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens.prt import PaymentOption, token_hash

NOW, SLOT = 1_800_000_000, 5000
BUYER, SELLER = SigningKey.from_seed(b"b" * 32), SigningKey.from_seed(b"s" * 32)
DEVNET, PREPROD, MAINNET = "cardano:devnet", "cardano:preprod", "cardano:mainnet"
ADDRESS, RECIPIENT = (enterprise_address(key.public, DEVNET) for key in (BUYER, SELLER))
OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", RECIPIENT, DEVNET)
TERMS = PaymentTerms("token", NOW + 900)
PRICE, RATE = Money(300, "USD", 2), Money(50, "USD", 2)
HASHES = ["aa" * 32, "bb" * 32]


@dataclass
class StillChain:
    """A chain that stands still, and shows spent outputs as a lagging index does.

    The newest `recent` blocks have the slot `slot`, those below them `SLOT`.
    """

    amounts: tuple[int, ...] = (20_000_000, 20_000_000)
    landed: bool = False
    slot: int = SLOT
    recent: int = 1
    min_fee_b: int = 155_381
    looks: int = 0

    async def parameters(self) -> Parameters:
        return Parameters(44, self.min_fee_b, 4310, 16_384)

    async def tip(self) -> Tip:
        return Tip(100, self.slot, NOW, "cc" * 32)

    async def block_at(self, height: int) -> Tip | None:
        self.looks += 1
        return Tip(height, self.slot if height > 100 - self.recent else SLOT, NOW, "cc" * 32)

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        pairs = zip(HASHES, self.amounts, strict=False)
        return [Utxo(tx_hash, 0, address, amount) for tx_hash, amount in pairs]

    async def ends(self, tx_hash: str) -> TransactionEnds | None:
        raise AssertionError("the payer asks for no transaction's ends")

    async def is_waiting(self, tx_hash: str) -> bool:
        raise AssertionError("the payer asks for nothing that waits")

    async def inclusion(self, tx_hash: str) -> Inclusion | None:
        return Inclusion(tx_hash, "cc" * 32, 100, self.slot, NOW) if self.landed else None

    async def transaction(self, tx_hash: str) -> bytes | None:
        return None

    async def submit(self, raw: bytes) -> str:
        raise AssertionError("the seller brings a payment about, never the buyer")

    async def supply(self, asset: Asset) -> tuple[int, int] | None:
        return None

    async def aclose(self) -> None:
        return


def payer(chain: StillChain, network: str = DEVNET) -> CardanoPayer:
    async def connected() -> StillChain:
        return chain

    return CardanoPayer(connected, BUYER, network, ada_price=lambda: RATE, now=lambda: NOW)


def draft(
    chain: StillChain,
    terms: PaymentTerms = TERMS,
    taken: Collection[str] = (),
    option: PaymentOption = OPTION,
) -> PaymentDraft:
    return asyncio.run(payer(chain).prepare(option, terms, taken=taken))


def failure(chain: StillChain, taken: Collection[str] = (), option: PaymentOption = OPTION) -> BuyerError:
    with pytest.raises(BuyerError) as caught:
        draft(chain, taken=taken, option=option)
    return caught.value


def refused(option: PaymentOption, network: str = DEVNET) -> str:
    with pytest.raises(SellerFault) as caught:
        payer(StillChain(), network).judge(option, PRICE)
    return caught.value.code


LIES: dict[str, tuple[PaymentOption, str]] = {
    "decimals confused": (replace(OPTION, decimals=2), "unit_confused"),
    "decimals of ether": (replace(OPTION, decimals=18), "unit_confused"),
    "currency swapped": (replace(OPTION, currency="BTC"), "unit_confused"),
    "one lovelace too much": (replace(OPTION, amount=6_000_001), "amount_inflated"),
    "a huge amount": (replace(OPTION, amount=2**63 - 1), "amount_inflated"),
    "a recipient that is no address": (replace(OPTION, recipient="addr_test1vqqqq"), "recipient_invalid"),
    "a recipient on mainnet": (
        replace(OPTION, recipient=enterprise_address(SELLER.public, MAINNET)),
        "recipient_invalid",
    ),
}


@pytest.mark.parametrize(("option", "code"), LIES.values(), ids=LIES)
def test_a_lie_in_an_option_is_the_sellers_fault(option: PaymentOption, code: str) -> None:
    assert refused(option) == code


def test_a_fair_option_costs_its_price() -> None:
    assert payer(StillChain()).judge(OPTION, PRICE) == Cost(PRICE)


@pytest.mark.parametrize(
    ("amount", "code"),
    [(6_000_000, None), (6_120_000, None), (6_120_001, "amount_inflated"), (5_000_000, None)],
    ids=["exact", "two percent more", "a lovelace beyond", "cheaper"],
)
def test_on_a_real_network_the_amount_is_held_against_the_buyers_own_rate(
    amount: int, code: str | None
) -> None:
    recipient = enterprise_address(SELLER.public, PREPROD)
    option = replace(OPTION, amount=amount, network=PREPROD, recipient=recipient)
    if code is None:
        assert payer(StillChain(), PREPROD).judge(option, PRICE) == Cost(PRICE)
    else:
        assert refused(option, PREPROD) == code


def test_the_sellers_rate_is_believed_on_the_devnet_alone_and_never_far_below_ours() -> None:
    theirs, ours, least = (Money(cents, "USD", 2) for cents in (40, 50, 60))
    nobody, owner = SpendingLimits(), SpendingLimits(ada_usd=least)
    assert ada_price(theirs, None, nobody) == theirs
    assert ada_price(theirs, ours, nobody) == ours
    assert ada_price(Money(1, "USD", 2), None, nobody) == DEVNET_LEAST
    assert ada_price(theirs, None, owner) == least
    assert ada_price(None, ours, nobody) == ours
    assert ada_price(None, ours, owner) == least
    assert ada_price(None, None, owner) == least
    with pytest.raises(UsageError, match="not believed"):
        ada_price(None, None, nobody)
    with pytest.raises(SellerFault, match="cannot be compared"):
        ada_price(Money(1, "ADA", 6), None, nobody)


def test_an_owners_ceilings_are_not_counted_at_a_rate_that_whoever_drives_the_buyer_sets() -> None:
    tiny, ceiling = Money(1, "USD", 2), Money(500, "USD", 2)
    with pytest.raises(OverBudget) as caught:
        ada_price(None, tiny, SpendingLimits(per_purchase=ceiling))
    assert caught.value.code == "owner_rate_missing"
    owner = SpendingLimits(per_purchase=ceiling, ada_usd=Money(40, "USD", 2))
    assert ada_price(None, tiny, owner) == Money(40, "USD", 2)
    in_ada = SpendingLimits(per_purchase=Money(5_000_000, "ADA", 6))
    assert ada_price(None, tiny, in_ada) == tiny
    assert ada_price(ceiling, tiny, SpendingLimits(per_purchase=ceiling)) == ceiling


def test_a_payment_pays_exactly_the_option_and_names_its_request() -> None:
    made = draft(StillChain())
    evidence = payer(StillChain()).sign(made)
    assert (evidence.payment_request_token, evidence.option_id) == ("token", "cardano")
    assert (evidence.payer, evidence.network) == (BUYER.public.did, DEVNET)
    raw = evidence.payload["transaction"]
    assert isinstance(raw, bytes)
    transaction = parse(raw)
    assert transaction.id == made.external_id
    assert tuple(f"{tx_hash}#{position}" for tx_hash, position in transaction.inputs) == made.resources
    assert [output.lovelace for output in transaction.outputs if output.address == RECIPIENT] == [6_000_000]
    assert {output.address for output in transaction.outputs} == {RECIPIENT, ADDRESS}
    assert read_payment(transaction.metadata) == token_hash("token")
    assert transaction.signers == (BUYER.public,)
    assert transaction.unusual == ()


@pytest.mark.parametrize(
    ("life", "slots"),
    [(900, 675), (LONGEST_LIFE, 2700), (86_400, LONGEST_LIFE * 3 // 4)],
    ids=["short", "hour", "day"],
)
def test_a_payment_can_land_only_well_before_its_request_expires(life: int, slots: int) -> None:
    made = draft(StillChain(), replace(TERMS, deadline=NOW + life))
    assert made.document["expiry_slot"] == SLOT + slots


def test_outputs_that_another_payment_spends_are_left_alone_although_the_index_shows_them() -> None:
    for free, taken in ((0, 1), (1, 0)):
        made = draft(StillChain(), taken={f"{HASHES[taken]}#0"})
        assert made.resources == (f"{HASHES[free]}#0",)
    error = failure(StillChain(), taken={f"{tx_hash}#0" for tx_hash in HASHES})
    assert isinstance(error, PaymentRefused)
    assert error.code == "funds_short"


def test_an_absurd_fee_is_not_paid() -> None:
    error = failure(StillChain(min_fee_b=5_000_000))
    assert isinstance(error, SellerFault)
    assert error.code == "fee_absurd"


@pytest.mark.parametrize(
    "option",
    [
        replace(OPTION, amount=1),
        replace(OPTION, recipient="addr_test1nobody"),
        replace(OPTION, amount=800_000),
    ],
    ids=["dust", "nobody", "below the least an output holds"],
)
def test_an_option_that_the_ledger_would_refuse_is_not_signed(option: PaymentOption) -> None:
    assert failure(StillChain(), option=option).code == "payment_impossible"


def test_a_draft_that_pays_otherwise_than_was_asked_is_not_handed_on_to_be_signed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever makes the bytes may have been taken over; our own reader looks first."""
    honest = cardano._payment

    def thief(**asked: Any) -> Draft:
        return honest(**asked | {"recipient": enterprise_address(SigningKey.generate().public, DEVNET)})

    monkeypatch.setattr(cardano, "_payment", thief)
    assert failure(StillChain()).code == "payment_unsafe"
