"""Payments that are refused, too late or too dear: what stays set aside, what is given back, what is never paid."""

from contextlib import closing
from typing import Any

import httpx
import pytest

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault
from buyer.wallet.file import Wallet
from shared.problem import Problem
from tests.buyers.conftest import OpenShop
from tests.support.hostile.lies import with_option
from tests.support.hostile.papers import LIFETIME
from tests.support.hostile.shop import Shop
from tests.support.hostile.transport import At, Killed
from tests.support.world.buying import PAYMENTS, PRICE, buy, spent, states
from tests.support.world.real_shop import AnyShop

MISMATCH = Problem(402, "payment_mismatch", "Mismatch", "No.")


def test_a_refused_payment_keeps_its_price_until_its_bytes_are_dead(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    for _ in range(2):
        with pytest.raises(PaymentRefused) as caught:
            buy(shop)
        assert (caught.value.code, caught.value.exit_code) == ("payment_refused", 4)
        assert (states(shop), spent(shop)) == (["signed"], 300)
    assert len(shop.seller.transactions) == 1


def test_a_402_to_a_claim_is_never_answered_with_another_payment(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = Problem(402, "payment_required", "Pay", "Pay again.")
    for _ in range(3):
        with pytest.raises(PaymentRefused):
            buy(shop)
    assert len(shop.seller.transactions) == 1
    assert shop.seller.calls.count("POST /api/images/buy") == 1


def test_a_payment_that_can_never_land_gives_its_price_back_and_is_made_anew(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = MISMATCH
    shop.environment["BUYER_CHAIN"] = shop.devnet.url
    budget = Budget(per_purchase="3.00 USD", total="3.00 USD")
    with pytest.raises(PaymentRefused):
        buy(shop, budget=budget)
    shop.pass_time(LIFETIME)
    before = set(shop.seller.transactions)

    def relent(request: httpx.Request) -> None:
        if request.url.path == "/api/images/buy":
            shop.seller.lies.refuse_claims = None

    assert buy(shop, budget=budget, before=relent).granted == 3
    assert states(shop) == ["abandoned", "paid"]
    assert spent(shop) == 300
    assert len(shop.seller.transactions - before) == 1
    assert shop.paid_on_chain() == PRICE


def test_a_sellers_own_chain_gives_no_budget_back(shop: Shop) -> None:
    """It could say of every payment that it never landed: five times 3.00 were paid under a total of 3.00."""
    shop.seller.lies.refuse_claims = MISMATCH
    budget = Budget(per_purchase="3.00 USD", total="3.00 USD")
    with pytest.raises(PaymentRefused):
        buy(shop, budget=budget)
    for _ in range(4):
        shop.pass_time(LIFETIME)
        with pytest.raises(OverBudget) as caught:
            buy(shop, budget=budget)
        assert caught.value.code == "over_total_budget"
    assert len(shop.seller.transactions) == 1
    assert (spent(shop), states(shop)[0]) == (300, "abandoned")
    # Within the budget the order is made anew all the same: what was denied is counted and in nobody's way.
    shop.seller.lies.refuse_claims = None
    assert buy(shop, budget=Budget("3.00 USD", total="6.00 USD")).granted == 3
    assert spent(shop) == 600


def test_a_sellers_rate_of_nearly_nothing_is_not_paid_by(shop: Shop) -> None:
    def cheap(catalog: dict[str, Any]) -> dict[str, Any]:
        return {**catalog, "rails": [{**catalog["rails"][0], "rate": "0.01 USD"}]}

    shop.seller.lies.catalog = cheap
    shop.seller.lies.request = lambda asked: with_option(asked, amount=300_000_000)
    with pytest.raises(SellerFault) as caught:
        buy(shop)
    assert (caught.value.code, shop.seller.transactions) == ("amount_inflated", set())


def test_a_payment_whose_request_has_expired_is_not_given_up_while_its_bytes_can_land(shop: Shop) -> None:
    shop.seller.lies.refuse_claims = Problem(409, "payment_request_expired", "Expired", "Too late.")
    with pytest.raises(PaymentRefused):
        buy(shop)
    shop.clock += LIFETIME + 1  # the chain stands still
    with pytest.raises(PaymentRefused):
        buy(shop)
    assert (states(shop), spent(shop)) == (["signed"], 300)


def test_money_that_landed_without_a_receipt_is_never_paid_again(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, after=At(1, Killed(), PAYMENTS))
    shop.seller.lies.refuse_claims = Problem(409, "paid_late", "Paid late", "A person will look.")
    shop.pass_time(LIFETIME)
    for _ in range(2):
        with pytest.raises(SellerFault) as caught:
            buy(shop)
        assert caught.value.code == "paid_without_receipt"
        assert next(iter(shop.seller.transactions)) in str(caught.value)
    assert (states(shop), spent(shop)) == (["signed"], 300)
    assert shop.paid_on_chain() == PRICE


def test_a_request_that_expired_before_it_was_paid_is_replaced_by_another(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, before=At(1, Killed(), PAYMENTS))
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        # As if it had died just before signing.
        wallet.transact(lambda db: db.execute("UPDATE purchases SET state = 'requested', external_id = NULL"))
        wallet.transact(lambda db: db.execute("DELETE FROM taken_resources"))
    shop.pass_time(LIFETIME)
    assert buy(shop).granted == 3
    assert shop.seller.calls.count("POST /api/images/buy") == 2
    assert (states(shop), shop.paid_on_chain()) == (["paid"], PRICE)


def test_a_price_raised_after_an_interruption_is_refused(shop: Shop) -> None:
    with pytest.raises(Killed):
        buy(shop, before=At(1, Killed(), PAYMENTS))
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        wallet.transact(lambda db: db.execute("UPDATE purchases SET state = 'wanted', external_id = NULL"))
        wallet.transact(lambda db: db.execute("DELETE FROM taken_resources"))
    shop.seller.unit_price = 101
    with pytest.raises(SellerFault) as caught:
        buy(shop)
    assert caught.value.code == "price_raised"
    assert (shop.seller.transactions, spent(shop)) == (set(), 0)


def test_a_total_budget_holds_over_purchases(any_shop: AnyShop) -> None:
    budget = Budget(per_purchase="5.00 USD", total="7.00 USD")
    buy(any_shop, 3, budget=budget)
    buy(any_shop, 4, budget=budget)
    with pytest.raises(OverBudget) as caught:
        buy(any_shop, 1, budget=budget)
    assert caught.value.exit_code == 3
    assert (spent(any_shop), any_shop.payments()) == (700, 2)


def test_a_purchase_over_budget_does_not_even_ask(any_shop: AnyShop) -> None:
    asked: list[str] = []
    with pytest.raises(OverBudget):
        buy(
            any_shop,
            budget=Budget(per_purchase="2.99 USD"),
            before=lambda request: asked.append(request.method + request.url.path),
        )
    assert asked == ["GET/api/catalog"]
    assert (any_shop.payments(), spent(any_shop)) == (0, 0)


def test_an_empty_wallet_says_how_to_fill_it(open_shop: OpenShop) -> None:
    shop = open_shop((2_000_000,))
    with pytest.raises(PaymentRefused) as caught:
        buy(shop)
    assert (caught.value.code, caught.value.exit_code) == ("funds_short", 4)
    assert "buyer wallet fund" in caught.value.hint
    assert spent(shop) == 0


def test_credits_below_one_are_never_asked_for(any_shop: AnyShop) -> None:
    asked: list[str] = []
    for count in (0, -5):
        with pytest.raises(BuyerError):
            buy(any_shop, count, before=lambda request: asked.append(request.url.path))
    assert asked == []
