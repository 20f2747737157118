"""Buying from an account at ACK Lab: paid once whatever dies or lies, and left to a person where nobody knows."""

from typing import Any

import httpx
import pytest

from buyer.errors import (
    BuyerError,
    OverBudget,
    PaymentRefused,
    SellerFault,
    SellerUnreachable,
    StillPending,
    UsageError,
)
from shared.keys import SigningKey
from shared.tokens import jws
from tests.support.acklab import lab_papers
from tests.support.acklab.ack_lab import LabFault
from tests.support.acklab.acklab_buyer import AckLabBuyer
from tests.support.hostile.transport import At, Killed

PAYMENTS = "/api/payments"


def test_it_pays_the_request_there_once_and_has_the_receipt_of_the_seller(buyer: AckLabBuyer) -> None:
    receipt = buyer.buy()
    lab = buyer.scene.lab
    assert (receipt.granted, buyer.states, buyer.spent) == (3, ["paid"], 300)
    assert [payer for _, payer in lab.payments] == [lab.buyer.did]
    assert (lab.buyer.cents, lab.seller.cents) == (9_700, 300)


def test_without_an_account_the_option_is_passed_over(buyer: AckLabBuyer) -> None:
    buyer.environment.clear()
    with pytest.raises(PaymentRefused) as refused:
        buyer.buy()
    assert refused.value.code == "no_payable_option"
    buyer.environment.update(
        BUYER_ACKLAB_CLIENT_ID="x", BUYER_ACKLAB_CLIENT_SECRET="a1" * 32, BUYER_ACKLAB_AGENT="y"
    )
    with pytest.raises(PaymentRefused) as elsewhere:  # the account is at another service
        buyer.buy()
    assert elsewhere.value.code == "no_payable_option"
    assert buyer.scene.lab.calls == []


@pytest.mark.parametrize(
    "changes",
    [
        {"BUYER_ACKLAB_CLIENT_SECRET": ""},
        {"BUYER_ACKLAB_CLIENT_SECRET": "zz" * 32},
        {"BUYER_ACKLAB_AGENT": ""},
        {"BUYER_ACKLAB_AGENT": "../other"},
        {"BUYER_ACKLAB_URL": "http://api.example"},
        {"BUYER_ACKLAB_URL": "https://api.example/path"},
    ],
)
def test_an_account_that_is_set_up_wrongly_is_wrong_usage(
    changes: dict[str, str], buyer: AckLabBuyer
) -> None:
    buyer.environment.update(changes)
    with pytest.raises(UsageError) as refused:
        buyer.buy()
    assert refused.value.code == "acklab_invalid"
    assert "zz" * 32 not in f"{refused.value} {refused.value.hint}"


def test_what_is_over_budget_is_not_even_asked_for_there(buyer: AckLabBuyer) -> None:
    with pytest.raises(OverBudget):
        buyer.buy(price="2.99 USD")
    assert buyer.scene.lab.calls == []


@pytest.mark.parametrize("fault", ["lost", "broken", "junk"])
def test_a_payment_whose_answer_is_lost_is_never_made_again_and_stays_counted(
    fault: LabFault, buyer: AckLabBuyer
) -> None:
    lab = buyer.scene.lab

    def spoil(request: httpx.Request) -> None:
        if request.url.path.endswith("/instructions"):
            lab.fault = fault

    with pytest.raises(StillPending) as unknown:
        buyer.buy(after=spoil)
    lab.fault = ""
    paid = list(lab.payments)
    assert len(paid) == (1 if fault == "lost" else 0)
    for _ in range(2):
        with pytest.raises(StillPending) as again:
            buyer.buy()
        assert (again.value.code, unknown.value.code) == ("payment_unknown", "payment_unknown")
        assert "release" in again.value.hint
    assert (lab.payments, buyer.states, buyer.spent) == (paid, ["signed"], 300)


def test_what_is_unknown_can_be_released_by_its_owner_and_stays_counted(buyer: AckLabBuyer) -> None:
    lab = buyer.scene.lab

    def lose(request: httpx.Request) -> None:
        if request.url.path.endswith("/instructions"):
            lab.fault = "lost"

    with pytest.raises(StillPending):
        buyer.buy(after=lose)
    lab.fault = ""
    assert buyer.stuck(lambda client, purchase_id: client.release(purchase_id)).state == "released"
    with pytest.raises(StillPending):
        buyer.stuck(lambda client, purchase_id: client.claim(purchase_id))
    buyer.buy()
    assert buyer.states == ["released", "paid"]
    assert (len(lab.payments), buyer.spent) == (2, 600)


def test_a_refused_payment_gives_its_price_back(buyer: AckLabBuyer) -> None:
    buyer.scene.lab.buyer.cents = 299
    with pytest.raises(PaymentRefused) as refused:
        buyer.buy()
    assert (refused.value.code, refused.value.seller_says["error"]) == (
        "acklab_refused",
        "insufficient balance",
    )
    assert (buyer.states, buyer.spent, buyer.scene.lab.payments) == (["abandoned"], 0, [])
    buyer.scene.lab.buyer.cents = 300
    assert buyer.buy().granted == 3


def test_when_it_cannot_be_reached_nothing_was_sent_and_the_same_command_pays(buyer: AckLabBuyer) -> None:
    url = buyer.scene.lab.url

    def gone(request: httpx.Request) -> None:
        if request.url.path.endswith("/instructions"):
            buyer.scene.lab.stop()

    with pytest.raises(SellerUnreachable) as unreachable:
        buyer.buy(after=gone)
    assert unreachable.value.code == "acklab_unreachable"
    assert (buyer.states, buyer.spent) == (["signed"], 300)
    buyer.scene.lab.start_again()
    assert buyer.scene.lab.url == url
    buyer.buy()
    assert (buyer.states, buyer.spent, len(buyer.scene.lab.payments)) == (["paid"], 300, 1)


def test_a_buyer_that_dies_before_the_claim_shows_the_same_receipt(buyer: AckLabBuyer) -> None:
    with pytest.raises(Killed):
        buyer.buy(before=At(1, Killed(), PAYMENTS))
    with pytest.raises(Killed):
        buyer.buy(after=At(1, Killed(), PAYMENTS))
    assert len(buyer.scene.lab.payments) == 1
    buyer.buy()
    assert (buyer.states, buyer.spent, len(buyer.scene.lab.payments)) == (["paid"], 300, 1)


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_buyer_that_dies_at_the_instructions_pays_once(side: str, buyer: AckLabBuyer) -> None:
    with pytest.raises(Killed):
        buyer.buy(**{side: Dying()})  # type: ignore[arg-type]  # by name
    assert buyer.scene.lab.payments == []
    buyer.buy()
    assert (buyer.states, buyer.spent, len(buyer.scene.lab.payments)) == (["paid"], 300, 1)


class Dying:
    """At the instructions, whatever the id in their path."""

    def __call__(self, request: httpx.Request) -> None:
        if request.url.path.endswith("/instructions"):
            raise Killed


def test_what_was_not_sent_in_time_is_given_up_and_bought_anew(buyer: AckLabBuyer) -> None:
    def gone(request: httpx.Request) -> None:
        if request.url.path.endswith("/instructions"):
            buyer.scene.lab.stop()

    with pytest.raises(SellerUnreachable):
        buyer.buy(after=gone)
    buyer.scene.lab.start_again()
    buyer.late = 895
    with pytest.raises(BuyerError):  # by a clock so far ahead every new request has expired, too
        buyer.buy()
    buyer.late = 0
    buyer.buy()
    assert (buyer.states[0], buyer.states[-1], buyer.spent) == ("abandoned", "paid", 300)
    assert len(buyer.scene.lab.payments) == 1


def there(buyer: AckLabBuyer, told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The instructions with a payment request that says something else, signed by whom it should be."""
    claims = jws.unverified(told["payload"]["paymentRequestToken"])[1]
    token = lab_papers.signed({**claims, **changes}, buyer.scene.lab.seller.key)
    return {**told, "payload": {"paymentRequestToken": token}}


def asked(buyer: AckLabBuyer, **changes: Any) -> list[dict[str, Any]]:
    return [lab_papers.option(**{"amount": 300, "recipient": buyer.scene.lab.seller.did, **changes})]


LIES: dict[str, Any] = {
    "for more": lambda buyer, told: there(buyer, told, paymentOptions=asked(buyer, amount=301)),
    "for less": lambda buyer, told: there(buyer, told, paymentOptions=asked(buyer, amount=299)),
    "in another currency": lambda buyer, told: there(
        buyer, told, paymentOptions=asked(buyer, currency="BTC")
    ),
    "in whole dollars": lambda buyer, told: there(buyer, told, paymentOptions=asked(buyer, decimals=0)),
    "that pays somebody else": lambda buyer, told: there(
        buyer, told, paymentOptions=asked(buyer, recipient="did:key:zOther")
    ),
    "with a dearer second option": lambda buyer, told: there(
        buyer, told, paymentOptions=[*asked(buyer), *asked(buyer, id="b", amount=9_000)]
    ),
    "under another id": lambda buyer, told: there(buyer, told, id="other", sub="other"),
    "of another issuer": lambda buyer, told: there(buyer, told, iss=SigningKey.generate().public.did),
    "that has expired": lambda buyer, told: there(buyer, told, exp=1_700_000_000),
    "for an audience": lambda buyer, told: there(buyer, told, aud="x"),
    "that is none": lambda buyer, told: {**told, "payload": {"paymentRequestToken": "x"}},
    "that is a number": lambda buyer, told: {**told, "payload": {"paymentRequestToken": 7}},
    "that is missing": lambda buyer, told: {**told, "payload": {}},
    "without a payload": lambda buyer, told: {"payload": []},
    "that is a list": lambda buyer, told: [],
}


@pytest.mark.parametrize("name", LIES)
def test_a_seller_that_names_another_request_there_is_not_paid(name: str, buyer: AckLabBuyer) -> None:
    with pytest.raises(SellerFault):
        buyer.buy(spoil=lambda told: LIES[name](buyer, told))
    assert (buyer.scene.lab.payments, buyer.spent) == ([], 0)


def test_a_seller_that_names_the_request_of_an_earlier_purchase_is_not_paid(buyer: AckLabBuyer) -> None:
    first: list[dict[str, Any]] = []

    def note(told: dict[str, Any]) -> dict[str, Any]:
        first.append(told)
        return told

    buyer.buy(spoil=note)
    with pytest.raises(SellerFault):
        buyer.buy(spoil=lambda told: first[0])
    assert len(buyer.scene.lab.payments) == 1


def test_neither_secret_nor_signature_is_said_or_stored(buyer: AckLabBuyer) -> None:
    buyer.buy()
    secret = buyer.scene.lab.buyer.secret
    assert secret not in "\n".join(buyer.said)
    assert secret.encode() not in buyer.wallet_path.read_bytes()


def test_a_seller_that_takes_no_receipt_of_a_payment_is_told_on_and_nothing_more_is_paid(
    buyer: AckLabBuyer,
) -> None:
    """As one whose list of issuers is out of date."""
    lab = buyer.scene.lab
    lab.issuer = SigningKey.generate()
    for _ in range(2):
        with pytest.raises(SellerFault) as refused:
            buyer.buy()
        assert refused.value.code == "paid_without_receipt"
    assert (buyer.states, buyer.spent, len(lab.payments)) == (["signed"], 300, 1)


def test_a_payment_of_an_account_that_is_not_set_up_any_more_waits_for_it(buyer: AckLabBuyer) -> None:
    account = dict(buyer.environment)

    def gone(request: httpx.Request) -> None:
        if request.url.path.endswith("/instructions"):
            buyer.scene.lab.stop()

    with pytest.raises(SellerUnreachable):
        buyer.buy(after=gone)
    buyer.scene.lab.start_again()
    buyer.environment.clear()
    with pytest.raises(UsageError) as missing:
        buyer.buy()
    assert (missing.value.code, buyer.states, buyer.spent) == ("payer_missing", ["signed"], 300)
    buyer.environment.update(account)
    assert buyer.buy().granted == 3
    assert (buyer.states, len(buyer.scene.lab.payments)) == (["paid"], 1)
