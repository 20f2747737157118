"""The Cardano payer: what it drafts, what it leaves alone, and when it calls a payment dead."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

import pytest

from buyer.errors import BuyerError, PaymentRefused, SellerFault, SellerUnreachable
from buyer.payers.base import PaymentTerms
from buyer.payers.cardano import (
    DEVNET_SETTLING_SLOTS,
    LONGEST_LIFE,
    SETTLING_SLOTS,
    CardanoDraft,
    CardanoPayer,
)
from shared.cardano.addresses import enterprise_address
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.metadata import read_payment
from shared.cardano.read.transaction import parse
from shared.chain.base import ChainUnavailable, Inclusion, Tip
from shared.keys import SigningKey
from shared.tokens.prt import PaymentOption, token_hash

NOW, SLOT = 1_800_000_000, 5000
BUYER, SELLER = SigningKey.from_seed(b"b" * 32), SigningKey.from_seed(b"s" * 32)
DEVNET, PREPROD = "cardano:devnet", "cardano:preprod"
ADDRESS, RECIPIENT = (enterprise_address(key.public, DEVNET) for key in (BUYER, SELLER))
OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", RECIPIENT, DEVNET)
TERMS = PaymentTerms("token", OPTION, NOW + 900)
HASHES = ["aa" * 32, "bb" * 32]


@dataclass
class StillChain:
    """A chain that stands still, and shows spent outputs as a lagging index does."""

    amounts: tuple[int, ...] = (20_000_000, 20_000_000)
    landed: bool = False
    slot: int = SLOT
    min_fee_b: int = 155_381
    down: bool = False

    async def parameters(self) -> Parameters:
        return Parameters(44, self.min_fee_b, 4310, 16_384)

    async def tip(self) -> Tip:
        if self.down:
            raise ChainUnavailable("down")
        return Tip(100, self.slot, NOW, "cc" * 32)

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        pairs = zip(HASHES, self.amounts, strict=False)
        return [Utxo(tx_hash, 0, address, amount) for tx_hash, amount in pairs]

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
    return CardanoPayer(chain, BUYER.public, network, now=lambda: NOW)


def draft(
    chain: StillChain, terms: PaymentTerms = TERMS, taken: Collection[tuple[str, int]] = ()
) -> CardanoDraft:
    return asyncio.run(payer(chain).draft(terms, taken=taken))


def failure(
    chain: StillChain, terms: PaymentTerms = TERMS, taken: Collection[tuple[str, int]] = ()
) -> BuyerError:
    with pytest.raises(BuyerError) as caught:
        draft(chain, terms, taken)
    return caught.value


def test_a_payment_pays_exactly_the_option_and_names_its_request() -> None:
    made = draft(StillChain())
    transaction = parse(made.sign(BUYER))
    assert (transaction.id, transaction.inputs) == (made.tx_hash, made.inputs)
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
    assert draft(StillChain(), replace(TERMS, deadline=NOW + life)).expiry_slot == SLOT + slots


def test_outputs_that_another_payment_spends_are_left_alone_although_the_index_shows_them() -> None:
    for free, taken in ((0, 1), (1, 0)):
        assert draft(StillChain(), taken={(HASHES[taken], 0)}).inputs == ((HASHES[free], 0),)
    error = failure(StillChain(), taken={(tx_hash, 0) for tx_hash in HASHES})
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
    assert failure(StillChain(), replace(TERMS, option=option)).code == "payment_impossible"


def test_a_chain_that_is_down_is_unreachable() -> None:
    assert isinstance(failure(StillChain(down=True)), SellerUnreachable)


@pytest.mark.parametrize(
    ("chain", "network", "fate"),
    [
        (StillChain(landed=True), DEVNET, "landed"),
        (StillChain(landed=True, slot=SLOT + 10_000), DEVNET, "landed"),
        (StillChain(slot=SLOT), DEVNET, "possible"),
        (StillChain(slot=SLOT + DEVNET_SETTLING_SLOTS), DEVNET, "possible"),
        (StillChain(slot=SLOT + DEVNET_SETTLING_SLOTS + 1), DEVNET, "impossible"),
        (StillChain(slot=SLOT + DEVNET_SETTLING_SLOTS + 1), PREPROD, "possible"),
        (StillChain(slot=SLOT + SETTLING_SLOTS), PREPROD, "possible"),
        (StillChain(slot=SLOT + SETTLING_SLOTS + 1), PREPROD, "impossible"),
    ],
)
def test_a_payment_is_dead_only_when_no_fork_can_hold_it_any_more(
    chain: StillChain, network: str, fate: str
) -> None:
    assert asyncio.run(payer(chain, network).fate("aa" * 32, SLOT)) == fate


def test_a_payments_fate_is_unknown_while_the_chain_is_down() -> None:
    with pytest.raises(SellerUnreachable):
        asyncio.run(payer(StillChain(down=True)).fate("aa" * 32, SLOT))
