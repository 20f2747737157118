"""The purchase as a machine: every event in every state, and what holds however events follow each other."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyer.purchase import machine
from buyer.purchase.machine import (
    EVENTS,
    SHORTEST_LIFE,
    STATES,
    Fate,
    ImpossibleEvent,
    PurchaseAction,
    PurchaseEvent,
    PurchaseState,
)

NOW = 1_800_000_000

TABLE: dict[tuple[PurchaseState, PurchaseEvent], PurchaseState] = {
    ("wanted", "offered"): "requested",
    ("wanted", "failed"): "abandoned",
    ("requested", "expired"): "wanted",
    ("requested", "failed"): "abandoned",
    ("requested", "signed"): "signed",
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


@pytest.mark.parametrize(("state", "event"), list(product(STATES, EVENTS)))
def test_every_event_in_every_state(state: PurchaseState, event: PurchaseEvent) -> None:
    if (state, event) in TABLE:
        assert machine.after(state, event) == TABLE[state, event]
    else:
        with pytest.raises(ImpossibleEvent):
            machine.after(state, event)


@given(st.lists(st.sampled_from(EVENTS), max_size=30))
def test_whatever_happens_the_price_is_spent_from_the_signature_to_a_receipt_or_the_payments_death(
    events: list[PurchaseEvent],
) -> None:
    state: PurchaseState = "wanted"
    happened: list[PurchaseEvent] = []
    for event in events:
        try:
            state = machine.after(state, event)
        except ImpossibleEvent:
            continue
        happened.append(event)
    assert happened.count("signed") <= 1, "one purchase is signed once"
    dead = {"dead", "denied"} & set(happened)
    assert (state in {"signed", "released", "paid"}) == ("signed" in happened and not dead)
    if state == "abandoned":
        assert happened[-1] in {"failed", "dead", "denied"}
        assert ("signed" in happened) == (happened[-1] in dead)
    if state == "paid":
        assert happened[-1] == "receipted"


@pytest.mark.parametrize(
    ("state", "left", "action"),
    [
        ("wanted", None, "order"),
        ("wanted", 900, "order"),
        ("requested", SHORTEST_LIFE, "pay"),
        ("requested", SHORTEST_LIFE - 1, "forget"),
        ("requested", -1, "forget"),
        ("signed", 900, "claim"),
        ("signed", -900, "claim"),
        ("abandoned", None, "renew"),
        ("paid", 900, "finish"),
    ],
)
def test_what_is_next(state: PurchaseState, left: int | None, action: PurchaseAction) -> None:
    expires_at = None if left is None else NOW + left
    assert machine.next_action(state, expires_at=expires_at, now=NOW) == action


@given(st.sampled_from(STATES), st.integers(-1000, 1000))
def test_nothing_but_a_request_with_time_left_is_ever_signed_and_a_signed_one_is_only_claimed(
    state: PurchaseState, left: int
) -> None:
    action = machine.next_action(state, expires_at=NOW + left, now=NOW)
    assert (action == "pay") == (state == "requested" and left >= SHORTEST_LIFE)
    assert (action == "claim") == (state == "signed")


@pytest.mark.parametrize(
    ("fate", "left", "event"),
    [
        ("landed", 900, "unanswered"),
        ("landed", -900, "unanswered"),
        ("possible", 900, "refused"),
        ("possible", -900, "refused"),
        ("impossible", 1, "refused"),
        ("impossible", 0, "dead"),
        ("impossible", -900, "dead"),
        ("denied", 1, "refused"),
        ("denied", 0, "denied"),
    ],
)
def test_a_price_is_given_back_only_when_nobody_can_take_it_any_more(
    fate: Fate, left: int, event: PurchaseEvent
) -> None:
    assert machine.refusal(fate, expires_at=NOW + left, now=NOW) == event
