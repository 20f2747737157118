"""Which option is paid, and by whom."""

from dataclasses import replace

import pytest

from buyer.errors import OverBudget, PaymentRefused, SellerFault
from buyer.purchase.choice import choose
from shared.money import Money
from shared.tokens.prt import PaymentOption
from tests.support.world.wallets.payers import PlainPayer
from tests.unit.buyer.seller.test_buyer_checks import EXPECTED, REQUEST

CARD = PaymentOption("card", 300, 2, "USD", "acct_1", None)
PLAIN = PaymentOption("plain", 300, 2, "USD", "them", "plain:net")
OTHER = PaymentOption("other", 300, 2, "USD", "them", "other:net")
OFFER = replace(REQUEST, options=(CARD, OTHER, PLAIN))


def test_the_option_of_a_payers_network_is_taken_wherever_it_stands() -> None:
    payer = PlainPayer()
    chosen = choose(OFFER, EXPECTED, [payer])
    assert (chosen.option, chosen.payer, chosen.cost.money) == (PLAIN, payer, REQUEST.price)


def test_the_first_payer_that_finds_one_affordable_wins() -> None:
    first, second = PlainPayer("other:net"), PlainPayer()
    assert choose(OFFER, EXPECTED, [first, second]).option == OTHER
    assert choose(OFFER, EXPECTED, [second, first]).option == PLAIN


@pytest.mark.parametrize(
    "dear",
    [
        PlainPayer("other:net", cost=Money(501, "USD", 2)),
        PlainPayer("other:net", cost=Money(1, "EUR", 2)),
        PlainPayer("other:net", refuses=SellerFault("amount_inflated", "too much")),
    ],
    ids=["over the budget", "in another currency", "a lie"],
)
def test_an_option_that_is_refused_gives_way_to_the_next_payer(dear: PlainPayer) -> None:
    assert choose(OFFER, EXPECTED, [dear, PlainPayer()]).option == PLAIN


def test_when_every_payable_option_is_refused_the_first_refusal_is_heard() -> None:
    dear = PlainPayer("other:net", cost=Money(501, "USD", 2))
    lied = PlainPayer(refuses=SellerFault("amount_inflated", "too much"))
    with pytest.raises(OverBudget):
        choose(OFFER, EXPECTED, [dear, lied])
    with pytest.raises(SellerFault):
        choose(OFFER, EXPECTED, [lied, dear])


@pytest.mark.parametrize("payers", [[], [PlainPayer("nowhere:net")]], ids=["nobody", "of another network"])
def test_an_offer_that_nobody_here_pays_is_refused(payers: list[PlainPayer]) -> None:
    with pytest.raises(PaymentRefused) as caught:
        choose(OFFER, EXPECTED, payers)
    assert "other:net" in str(caught.value.seller_says["takes"])
    assert (caught.value.code, caught.value.exit_code) == ("no_payable_option", 4)


def test_an_option_whose_receipt_somebody_else_would_sign_is_not_paid() -> None:
    foreign = replace(PLAIN, receipt_service="https://evil.example")
    with pytest.raises(SellerFault) as caught:
        choose(replace(REQUEST, options=(foreign,)), EXPECTED, [PlainPayer()])
    assert caught.value.code == "receipt_service_foreign"
