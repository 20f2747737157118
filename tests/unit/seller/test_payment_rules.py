"""Which payment pays which request, and who may claim it."""

from dataclasses import replace

import pytest

from paywall.errors import ClaimInvalid
from paywall.payments.rules import check_payer, shortcoming, to_pay
from shared.dialects.base import StoredRequest
from tests.conformance.samples import OPTION, REQUEST

END, PRICE = REQUEST.expires_at, OPTION.amount
OPEN = replace(REQUEST, order=replace(REQUEST.order, holder=None))


@pytest.mark.parametrize(
    ("amount", "paid_at", "now", "reason"),
    [
        (PRICE, None, END - 1, None),
        (PRICE + 1, None, END - 1, None),
        (PRICE, None, END, "payment_request_expired"),
        (PRICE - 1, None, END - 1, "payment_insufficient"),
        (PRICE - 1, END + 1, END + 9, "payment_insufficient"),
        (PRICE, END, END + 9, None),  # paid in time, shown later
        (PRICE, END + 1, END + 9, "paid_late"),
    ],
)
def test_a_payment_pays_when_it_is_enough_and_in_time(
    amount: int, paid_at: int | None, now: int, reason: str | None
) -> None:
    refused = shortcoming(amount, paid_at, OPTION, REQUEST, now)
    assert (None if refused is None else refused.reason) == reason
    assert not isinstance(refused, BaseException)


def test_only_the_holder_claims_a_request_that_names_one() -> None:
    holder = str(REQUEST.order.holder)
    check_payer(holder, REQUEST, frozenset({"did:key:signer"}))
    with pytest.raises(ClaimInvalid):
        check_payer("did:key:signer", REQUEST, frozenset({"did:key:signer"}))


def test_a_request_without_a_holder_is_claimed_by_whose_money_was_paid() -> None:
    check_payer("did:key:signer", OPEN, frozenset({"did:key:signer", "did:key:other"}))
    for owners in (frozenset({"did:key:other"}), frozenset[str]()):
        with pytest.raises(ClaimInvalid):
            check_payer("did:key:signer", OPEN, owners)


def test_nobody_is_asked_to_pay_what_has_expired() -> None:
    stored = StoredRequest("token", REQUEST)
    assert to_pay(stored, END - 1) == stored
    assert to_pay(stored, END) is None
