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


def worth(paid: int, price: int, price_of_kept: int) -> int:
    """What all is worth that was given back of a purchase, in whole minor units of what was `paid`, rounded down.

    Those that are kept cost what so few would have cost: who buys at the price of many and gives most of them back has
    not bought a few at that price. `price` is that of the whole purchase, in the currency of `price_of_kept`.
    """
    return max(0, paid * (price - price_of_kept) // price)
