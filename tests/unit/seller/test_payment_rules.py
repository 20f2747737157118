"""Which payment pays which request, and who may claim it."""

from dataclasses import replace

import pytest

from paywall.errors import ClaimInvalid
from paywall.payments.rules import payer_of, shortcoming, to_pay
from shared.dialects.base import StoredRequest
from shared.tokens.prt import PaymentRequest
from tests.conformance.samples import CLAIM, OPTION, REQUEST

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


def payer(claimant: str, request: PaymentRequest, *owners: str, moved: bool = False) -> str:
    return payer_of(replace(CLAIM, payer=claimant), request, frozenset(owners), moved=moved)


def test_only_the_holder_claims_a_request_that_names_one() -> None:
    holder = str(REQUEST.order.holder)
    assert payer(holder, REQUEST, "did:key:signer") == holder
    with pytest.raises(ClaimInvalid):
        payer("did:key:signer", REQUEST, "did:key:signer")


def test_a_request_without_a_holder_is_claimed_by_whose_money_was_paid() -> None:
    assert payer("did:key:signer", OPEN, "did:key:signer", "did:key:other") == "did:key:signer"
    for owners in ({"did:key:other"}, set[str]()):
        with pytest.raises(ClaimInvalid):
            payer("did:key:signer", OPEN, *owners)


def test_a_payment_that_nobody_signed_for_is_its_owners_until_it_is_public() -> None:
    assert payer("", OPEN, "did:key:signer") == "did:key:signer"
    assert payer("", REQUEST, "did:key:signer") == REQUEST.order.holder
    for owners, moved in ((("did:key:signer",), True), ((), False)):
        with pytest.raises(ClaimInvalid):
            payer("", OPEN, *owners, moved=moved)
    with pytest.raises(ClaimInvalid):
        payer("", REQUEST, "did:key:signer", moved=True)


def test_nobody_is_asked_to_pay_what_has_expired() -> None:
    stored = StoredRequest("token", REQUEST)
    assert to_pay(stored, END - 1) == stored
    assert to_pay(stored, END) is None
