"""How a purchase goes, as values: state and event in, the next state and the next thing to do out.

wanted ── offered ──▶ requested ── signed ──▶ signed ── receipted ──▶ paid
   ▲                     │                     │  │                          ▲
   └────── expired ──────┘                     │  └── released ──▶ released ─┘
                                               │                       │
                                               └── dead, denied ──▶ abandoned

Whatever fails before anything is signed abandons the purchase too. A released one is its owner's decision: its
price stays spent, as if it were paid, until a receipt comes after all or the payment is shown to be dead.
Pure: no clock, no network, no wallet.
"""

from collections.abc import Mapping
from typing import Literal, get_args

PurchaseState = Literal["wanted", "requested", "signed", "released", "paid", "abandoned"]
PurchaseAction = Literal["order", "pay", "forget", "claim", "renew", "finish"]
PurchaseEvent = Literal[
    "offered",  # a payment request was checked and stored
    "expired",  # it has too little time left to be paid
    "failed",  # over budget, refused or at fault, before anything was signed
    "signed",  # the price is debited, the evidence stored
    "settling",  # the seller says neither yes nor no
    "refused",  # the seller says no, and the payment can still land
    "unanswered",  # the payment landed, and the seller still says no
    "dead",  # the payment can never land, and nobody may pay its request any more
    "denied",  # so the seller's own chain says: the price counts as lost, whatever becomes of the payment
    "receipted",  # a receipt was checked and stored
    "released",  # the owner gives it up: the same may be bought anew
]
Fate = Literal["landed", "possible", "impossible", "denied"]

STATES: tuple[PurchaseState, ...] = get_args(PurchaseState)
EVENTS: tuple[PurchaseEvent, ...] = get_args(PurchaseEvent)
SHORTEST_LIFE = 10

_NEXT: Mapping[tuple[PurchaseState, PurchaseEvent], PurchaseState] = {
    ("wanted", "offered"): "requested",
    ("wanted", "failed"): "abandoned",
    ("requested", "expired"): "wanted",
    ("requested", "failed"): "abandoned",
    ("requested", "signed"): "signed",
    # From here on the price is spent: only a receipt or the payment's death ends it, and only a death that the
    # buyer's own chain shows gives it back.
    ("signed", "settling"): "signed",
    ("signed", "refused"): "signed",
    ("signed", "unanswered"): "signed",
    ("signed", "dead"): "abandoned",
    ("signed", "denied"): "abandoned",
    ("signed", "receipted"): "paid",
    ("signed", "released"): "released",
    ("released", "settling"): "released",
    ("released", "refused"): "released",
    ("released", "unanswered"): "released",
    ("released", "dead"): "abandoned",
    ("released", "denied"): "abandoned",
    ("released", "receipted"): "paid",
}


class ImpossibleEvent(Exception):
    """The event cannot happen to a purchase in that state."""

    def __init__(self, state: PurchaseState, event: PurchaseEvent) -> None:
        super().__init__(f"a purchase that is {state} cannot be {event}")


def after(state: PurchaseState, event: PurchaseEvent) -> PurchaseState:
    """The state that `event` brings about; ImpossibleEvent when the purchase is past it, or not there yet."""
    try:
        return _NEXT[state, event]
    except KeyError:
        raise ImpossibleEvent(state, event) from None


def next_action(state: PurchaseState, *, expires_at: int | None, now: int) -> PurchaseAction:
    """What is to be done next; `expires_at` (Unix seconds) is the stored payment request's."""
    match state:
        case "wanted":
            return "order"
        case "requested":
            return "pay" if expires_at is not None and expires_at >= now + SHORTEST_LIFE else "forget"
        case "signed":
            return "claim"
        case "abandoned":
            return "renew"
        case "paid" | "released":
            return "finish"


def refusal(fate: Fate, *, expires_at: int, now: int) -> PurchaseEvent:
    """What a seller's no means, by the payment's fate: the price is given back only when it can never be taken.

    The request must have expired as well (Unix seconds): while it is open, the seller may still come to a yes.
    """
    if fate == "landed":
        return "unanswered"
    if fate == "possible" or now < expires_at:
        return "refused"
    return "dead" if fate == "impossible" else "denied"
