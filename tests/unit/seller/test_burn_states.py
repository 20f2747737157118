from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from paywall.burns.states import (
    IN_FLIGHT,
    Absent,
    BatchAction,
    BatchState,
    BatchStep,
    OnChain,
    batch_is_due,
    next_step,
    submit_is_due,
)

SLOTS = st.integers(0, 10_000)
ATTEMPTED: st.SearchStrategy[BatchState] = st.sampled_from([state for state in IN_FLIGHT if state != "open"])
ENDED: st.SearchStrategy[BatchState] = st.sampled_from(["confirmed", "parked"])
REQUIRED = st.integers(1, 30)


@given(ENDED, SLOTS, st.builds(Absent, SLOTS, SLOTS) | st.builds(OnChain, st.integers(1, 60)), REQUIRED)
def test_for_what_came_to_an_end_nothing_is_signed_or_submitted_any_more(
    state: BatchState, expiry: int, seen: Absent | OnChain, required: int
) -> None:
    assert next_step(state, expiry, seen, required).action is BatchAction.WAIT


@given(ATTEMPTED, SLOTS, SLOTS, SLOTS, REQUIRED)
def test_new_bytes_are_signed_only_when_the_old_ones_can_land_in_no_chain_that_we_heed(
    state: BatchState, expiry: int, final: int, above: int, required: int
) -> None:
    step = next_step(state, expiry, Absent(final + above, final), required)
    assert (step.action is BatchAction.SIGN) == (final > expiry)
    assert (step.state == "open") == (step.action is BatchAction.SIGN)
    assert step.state not in {"seen", "confirmed"}


@given(ATTEMPTED, SLOTS, SLOTS, REQUIRED)
def test_the_old_bytes_are_submitted_for_as_long_as_a_block_may_hold_them(
    state: BatchState, expiry: int, tip: int, required: int
) -> None:
    step = next_step(state, expiry, Absent(tip, 0), required)
    assert (step.action is BatchAction.SUBMIT) == (tip <= expiry)


@given(ATTEMPTED, SLOTS, st.integers(1, 60), REQUIRED)
def test_what_is_on_chain_is_only_watched_and_final_at_its_depth(
    state: BatchState, expiry: int, deep: int, required: int
) -> None:
    step = next_step(state, expiry, OnChain(deep), required)
    assert step == BatchStep("confirmed" if deep >= required else "seen", BatchAction.WAIT)


@given(ATTEMPTED | ENDED, SLOTS, st.integers(1, 60), st.integers(0, 60), REQUIRED)
def test_more_confirmations_never_lead_back(
    state: BatchState, expiry: int, deep: int, more: int, required: int
) -> None:
    before = next_step(state, expiry, OnChain(deep), required)
    after = next_step(before.state, expiry, OnChain(deep + more), required)
    assert after.state == "confirmed" or before.state != "confirmed"


def test_a_batch_without_an_attempt_is_signed() -> None:
    assert next_step("open", None, None, 1) == BatchStep("open", BatchAction.SIGN)


@given(st.sampled_from([*IN_FLIGHT, "parked"]), st.integers(1, 60), REQUIRED)
def test_an_attempt_that_was_given_up_and_is_on_the_chain_counts_like_any(
    state: BatchState, deep: int, required: int
) -> None:
    step = next_step(state, None, OnChain(deep), required)
    assert step == BatchStep("confirmed" if deep >= required else "seen", BatchAction.WAIT)


@dataclass
class Attempt:
    expiry: int
    landed: int | None = None


class OneBatch(RuleBasedStateMachine):
    """A batch, and a chain that takes any bytes that were submitted, in any order, until they expire.

    The chain rolls back less than `required` blocks, as the rule supposes; and no input is shared here, so
    that the rule alone must keep two attempts from landing.
    """

    required = 3
    life = 50

    def __init__(self) -> None:
        super().__init__()
        self.slots = [0]
        self.highest = 1
        self.state: BatchState = "open"
        self.attempts: list[Attempt] = []
        self.submitted: list[Attempt] = []

    def absent(self) -> Absent:
        return Absent(self.slots[-1], self.slots[-self.required] if len(self.slots) >= self.required else 0)

    def deep(self, attempt: Attempt) -> int:
        return 0 if attempt.landed is None else len(self.slots) - attempt.landed

    @rule()
    def work(self) -> None:
        newest = self.attempts[-1] if self.attempts else None
        seen: OnChain | Absent | None = None
        if newest is not None:
            seen = OnChain(self.deep(newest)) if self.deep(newest) else self.absent()
        step = next_step(self.state, newest.expiry if newest else None, seen, self.required)
        self.state = step.state
        if step.action is BatchAction.SIGN:
            self.attempts.append(Attempt(self.slots[-1] + self.life))
            self.state = "signed"
        elif step.action is BatchAction.SUBMIT and newest is not None:
            self.submitted.append(newest)

    @rule(slots=st.integers(1, 2 * life), land=st.booleans())
    def block(self, slots: int, land: bool) -> None:
        slot = self.slots[-1] + slots
        waiting = [a for a in self.submitted if a.landed is None and slot <= a.expiry]
        if land and waiting:
            waiting[0].landed = len(self.slots)
        self.slots.append(slot)
        self.highest = max(self.highest, len(self.slots))

    @rule(blocks=st.integers(1, required - 1))
    def roll_back(self, blocks: int) -> None:
        if len(self.slots) - blocks > max(0, self.highest - self.required):
            del self.slots[-blocks:]
            for attempt in self.attempts:
                if attempt.landed is not None and attempt.landed >= len(self.slots):
                    attempt.landed = None

    @invariant()
    def at_most_one_attempt_is_on_chain(self) -> None:
        assert sum(attempt.landed is not None for attempt in self.attempts) <= 1

    @invariant()
    def what_is_confirmed_is_on_chain(self) -> None:
        assert self.state != "confirmed" or self.attempts[-1].landed is not None


TestOneBatch = OneBatch.TestCase


@pytest.mark.parametrize(
    ("waiting", "age", "due"),
    [(0, 0, False), (0, 99, False), (1, 9, False), (1, 10, True), (4, 0, False), (5, 0, True), (9, 0, True)],
)
def test_a_batch_closes_when_it_is_full_or_old(waiting: int, age: int, due: bool) -> None:
    assert batch_is_due(waiting, age, size=5, seconds=10) is due


@pytest.mark.parametrize(
    ("state", "age", "due"),
    [
        ("signed", None, True),
        ("submitted", 9, False),
        ("submitted", 10, True),
        ("lost", 0, True),
    ],
    ids=["first", "in the mempool still", "long ago", "rolled back"],
)
def test_bytes_are_handed_in_at_first_after_a_rollback_and_now_and_then(
    state: BatchState, age: int | None, due: bool
) -> None:
    assert submit_is_due(state, age, 10) is due


@given(st.sampled_from(["signed", "submitted"]), SLOTS, SLOTS, REQUIRED)
def test_what_the_chain_has_not_seen_yet_stays_what_it_is_until_it_is_handed_in_or_replaced(
    state: BatchState, expiry: int, tip: int, required: int
) -> None:
    assert next_step(state, expiry, Absent(tip, tip), required).state in {state, "open"}
