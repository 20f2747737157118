"""How a burn batch moves on, given what the chain says: pure.

    open ──sign──▶ signed ──submit──▶ submitted ──on chain──▶ seen ──k deep──▶ confirmed
                     ▲                    ▲                      │
                     │                    └──rolled back─────────┘
                     └──expired for good (new bytes, sharing an input)──┘

Bytes are stored before they are submitted, and the same bytes are submitted for as long as they can land.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

State = Literal["open", "signed", "submitted", "seen", "confirmed", "parked"]
#: a batch in one of these holds the wallet
IN_FLIGHT: tuple[State, ...] = ("open", "signed", "submitted", "seen")
#: Mainnet makes a block in 20 slots on average; twice that for a slow stretch.
SLOTS_PER_CONFIRMATION = 40


@dataclass(frozen=True, slots=True)
class OnChain:
    """The attempt is in a block; `confirmations` counts that block as one."""

    confirmations: int


@dataclass(frozen=True, slots=True)
class Absent:
    """The attempt is in no block of the chain whose newest block has this slot."""

    tip_slot: int


class Action(Enum):
    #: build and sign a transaction, and store it
    SIGN = auto()
    #: submit the stored bytes (again)
    SUBMIT = auto()
    #: nothing but to look again
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    action: Action


def next_step(state: State, expiry_slot: int | None, seen: OnChain | Absent | None, required: int) -> Step:
    """Where the batch goes, and what is to be done. `expiry_slot` and `seen` are of its newest attempt."""
    if state in {"confirmed", "parked"}:
        return Step(state, Action.WAIT)
    if state == "open" or expiry_slot is None or seen is None:
        return Step("open", Action.SIGN)
    if isinstance(seen, OnChain):
        return Step("confirmed" if seen.confirmations >= required else "seen", Action.WAIT)
    if seen.tip_slot <= expiry_slot:
        return Step("submitted", Action.SUBMIT)
    if seen.tip_slot > expiry_slot + SLOTS_PER_CONFIRMATION * required:
        # The old bytes can never land any more: a block past their expiry is as deep as we ask.
        return Step("open", Action.SIGN)
    return Step("submitted", Action.WAIT)


def batch_is_due(waiting: int, oldest_age: int, *, size: int, seconds: int) -> bool:
    """A batch closes after `size` burns or `seconds` seconds, whichever comes first."""
    return waiting >= size or (waiting > 0 and oldest_age >= seconds)
