"""A rail that has nothing of Cardano's, through the same selling, claims and settlement, on both databases."""

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from paywall import clock
from paywall.database.engine import Database
from paywall.errors import (
    ClaimInvalid,
    PaidLate,
    PaymentAlreadyUsed,
    PaymentInsufficient,
    PaymentMismatch,
    PaymentRequestPaid,
)
from paywall.keys.identity import Identity
from paywall.keys.signers.file import FileSigner
from paywall.limits.limiter import RateLimiter
from paywall.limits.settings import ORDERS, LimitSettings
from paywall.payments.claims import Claims
from paywall.payments.looks import Looks
from paywall.payments.receipts import Receipts
from paywall.payments.settlement import Settlement
from paywall.payments.turns import Turns
from paywall.rails.base import (
    JSON,
    CheckedPayment,
    Failed,
    Pending,
    Rail,
    RailOutcome,
    Settled,
    StoredPayment,
)
from paywall.revocations.status_places import StatusPlaces
from paywall.sales import selling
from paywall.sales.prices import PriceTier, Product
from paywall.sales.selling import Selling
from shared.dialects.base import Evidence, Paid, Settling, StoredRequest
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, prt, receipt
from shared.tokens.prt import PaymentOption
from tests.support.world.loop import in_loop

SELLER, PAYER = SigningKey.generate(), SigningKey.generate()
NOW = 1_800_000_000
PRODUCT = Product("time", "Hours", "", 30, (PriceTier(1, Money(100, "USD", 2)),))


class VoucherRail:
    """Paid by codes "<amount>-<anything>" that were sold in a shop; `price` of a dollar may move."""

    id = "voucher"

    def __init__(self) -> None:
        self.per_dollar = 1
        self.outcome: RailOutcome = Pending(0, 1)
        self.settled: list[StoredPayment] = []
        self.paid_at = NOW

    def quote(self, price: Money) -> PaymentOption:
        return PaymentOption(self.id, price.amount * self.per_dollar, 2, "VCH", "the shop", "vouchers")

    def describe(self) -> dict[str, JSON]:
        return {"id": self.id}

    def external_id(self, evidence: Evidence) -> str:
        code = evidence.payload.get("code")
        if not isinstance(code, str):
            raise ClaimInvalid("A voucher has a code.")
        return code

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        code = self.external_id(evidence)
        if code.endswith("-foreign"):
            raise PaymentMismatch("Another shop's voucher.")
        amount = int(code.partition("-")[0])
        state: dict[str, JSON] = {"till": [4, "east"], "request": request.request.id}
        return CheckedPayment(code, amount, self.paid_at, frozenset({PAYER.public.did}), state)

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        self.settled.append(payment)
        return self.outcome

    def receipt_metadata(self, payment: StoredPayment) -> dict[str, str]:
        till = payment.state["till"]
        assert isinstance(till, list)
        return {"till": f"{till[0]} {till[1]}"}

    async def aclose(self) -> None: ...


@dataclass
class Shop:
    database: Database
    selling: Selling
    settlement: Settlement
    rail: VoucherRail

    async def buy(self) -> StoredRequest:
        return await self.selling.sell("time", 3, None)

    async def pay(self, offer: StoredRequest, code: str) -> Paid | Settling:
        evidence = Evidence(
            *(offer.token, "voucher", PAYER.public.did, "vouchers", {"code": code}), showing=clock.new_id()
        )
        return await self.settlement.pay(evidence)

    async def payments(self) -> list[tuple[str, str, str | None]]:
        """(code, state, reason)"""
        rows = "SELECT external_id, state, reason FROM payment ORDER BY external_id"
        found = await self.database.read(lambda tx: tx.connection.execute(text(rows)).all())
        return [(row[0], row[1], row[2]) for row in found]


@pytest.fixture
def shop(database: Database) -> Shop:
    signer, rail = FileSigner(SELLER), VoucherRail()
    identity = Identity(requests=signer, receipts=signer, public_url=None)
    rails: dict[str, Rail] = {rail.id: rail}
    receipts = Receipts(
        identity=identity,
        places=StatusPlaces(database, "https://seller.example"),
        validity_days={"time": 30},
        clock=lambda: NOW,
        ids=clock.new_id,
    )
    turns = Turns(16)
    claims = Claims(
        database=database,
        identity=identity,
        rails=rails,
        turns=turns,
        kept=3600,
        clock=lambda: NOW,
        ids=clock.new_id,
    )
    limiter = RateLimiter(LimitSettings(), database, clock.unix_microseconds)
    selling = Selling(
        database=database,
        identity=identity,
        products={"time": PRODUCT},
        rails=(rail,),
        token=None,
        service_url="http://127.0.0.1:1",
        valid_seconds=900,
        holder_required=False,
        use_needs_holder=False,
        clock=lambda: NOW,
        ids=clock.new_id,
        admit=lambda: limiter.take(ORDERS),
    )
    settlement = Settlement(
        database=database,
        claims=claims,
        rails=rails,
        receipts=receipts,
        looks=Looks(turns, 0),
        clock=lambda: NOW,
    )
    return Shop(database, selling, settlement, rail)


def test_a_seller_that_burns_nothing_promises_no_token(shop: Shop) -> None:
    offer = asyncio.run(shop.buy())
    assert offer.request.order.token is None
    assert "token" not in jws.unverified(offer.token)[1]["order"]
    assert prt.verify(offer.token, [SELLER.public], issuer=SELLER.public.did, now=NOW) == offer.request


@in_loop
async def test_a_quote_moves_with_the_rate_and_what_was_asked_for_stays(shop: Shop) -> None:
    before = await shop.buy()
    shop.rail.per_dollar = 2
    after = await shop.buy()
    assert [offer.request.options[0].amount for offer in (before, after)] == [300, 600]
    assert isinstance(await shop.pay(before, "300-a"), Settling)
    with pytest.raises(PaymentInsufficient):
        await shop.pay(after, "300-b")


@in_loop
async def test_however_many_kinds_of_orders_come_in_a_second_the_terms_of_few_are_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selling, "KEPT_TERMS", 3)
    orders = [1, 2, 1, 3, 4, 1, 5]
    offers = [await shop.selling.sell("time", credits, None) for credits in orders]
    assert [(one.request.order.credits, one.request.price.amount) for one in offers] == [
        (credits, 100 * credits) for credits in orders
    ]
    assert len(shop.selling._terms) <= 3


@in_loop
async def test_a_payment_is_settled_from_what_its_rail_stored_and_the_receipt_says_what_the_rail_says(
    shop: Shop,
) -> None:
    offer = await shop.buy()
    assert await shop.pay(offer, "300-a") == Settling(offer.request.id, "300-a", 0, 1)
    shop.rail.outcome = Settled(NOW, 1)
    paid = await shop.pay(offer, "300-a")
    assert isinstance(paid, Paid)
    assert paid == await shop.pay(offer, "300-a")
    found = receipt.verify(paid.receipt, {SELLER.public.did: (SELLER.public,)}, now=NOW)
    assert found.metadata == {"till": "4 east"}
    assert paid.credits["available"] == 3
    first, second = shop.rail.settled
    assert (first.first, second.first) == (True, False)
    assert first.state == second.state == {"till": [4, "east"], "request": offer.request.id}
    assert (first.option_id, first.payer, first.claimed_at) == ("voucher", PAYER.public.did, NOW)


@in_loop
async def test_one_payment_pays_one_request(shop: Shop) -> None:
    one, two = await shop.buy(), await shop.buy()
    await shop.pay(one, "300-a")
    with pytest.raises(PaymentAlreadyUsed):
        await shop.pay(two, "300-a")


@in_loop
async def test_money_that_came_and_opened_no_credits_is_kept_although_the_claim_is_refused(
    shop: Shop,
) -> None:
    shop.rail.outcome = Settled(NOW, 1)
    offer = await shop.buy()
    for _ in range(2):
        with pytest.raises(PaymentInsufficient) as small:
            await shop.pay(offer, "299-a")
        assert (small.value.to_pay, small.value.extra) == (offer, {"paid": 299, "required": 300})
    await shop.pay(offer, "300-b")
    with pytest.raises(PaymentRequestPaid):
        await shop.pay(offer, "300-c")
    late = await shop.buy()
    shop.rail.paid_at = NOW + 901
    with pytest.raises(PaidLate):
        await shop.pay(late, "300-d")
    assert await shop.payments() == [
        ("299-a", "surplus", "payment_insufficient"),
        ("300-b", "settled", None),
        ("300-c", "surplus", "payment_request_paid"),
        ("300-d", "surplus", "paid_late"),
    ]


@in_loop
async def test_a_wrong_payment_is_told_which_request_to_pay_and_leaves_no_trace(shop: Shop) -> None:
    offer = await shop.buy()
    with pytest.raises(PaymentMismatch, match="Another shop") as wrong:
        await shop.pay(offer, "300-foreign")
    assert wrong.value.to_pay == offer
    assert await shop.payments() == []


@in_loop
async def test_a_payment_that_failed_can_be_claimed_again(shop: Shop) -> None:
    offer = await shop.buy()
    shop.rail.outcome = Failed("the till is closed")
    with pytest.raises(PaymentMismatch, match="the till is closed") as failed:
        await shop.pay(offer, "300-a")
    assert failed.value.to_pay == offer
    shop.rail.outcome = Settled(NOW, 1)
    assert isinstance(await shop.pay(offer, "300-a"), Paid)
