"""What a refund is, and how much money unused credits are worth. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refund:
    """`amount` is what the credits cost, `returned` what arrives of it, both in the payment's own minor units.

    `state` is due, sending, sent or by_hand; `transaction` the rail's own id of what sends it back.
    """

    id: str
    state: str
    credits: int
    amount: int
    currency: str
    decimals: int
    rail: str
    returned: int | None
    transaction: str | None


def share(paid: int, credits: int, of_credits: int) -> int:
    """What `credits` of the `of_credits` that were bought for `paid` cost, in whole minor units, rounded down.

    So all refunds of a payment together are never more than what was paid.
    """
    if not 0 < credits <= of_credits:
        raise ValueError("more credits than were bought")
    return paid * credits // of_credits
