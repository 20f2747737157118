"""How a burn batch moves on, given what the chain says: pure.

    open ──sign──▶ signed ──submit──▶ submitted ──on chain──▶ seen ──k deep──▶ confirmed
      ▲                                ▲     │                  │                  │
      │                          resubmitted │            rolled back       rolled back deeper
      │                                │     │                  ▼                  ▼
      └──── expired for good ──────────┴─────┴─────────────── lost              parked
            (new bytes: replaced)

Bytes are stored before they are submitted, and the same bytes are submitted for as long as they can land. A
parked batch waits for a person (`paywall burns resume`), or for the chain to bring it back by itself.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

BatchState = Literal["open", "signed", "submitted", "seen", "lost", "confirmed", "parked"]
#: what these burn is on its way: they hold outputs of the wallet
IN_FLIGHT: tuple[BatchState, ...] = ("open", "signed", "submitted", "seen", "lost")


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """A batch closes after `size` burns or `seconds` seconds, and is final at `confirmations`.

    No fork takes back `final_depth` blocks. A transaction that is not on chain is handed in again every
    `resubmit_seconds`. At most `in_flight` batches are on their way at once.
    """

    size: int
    seconds: int
    confirmations: int
    final_depth: int
    resubmit_seconds: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class OnChain:
    """The attempt is in a block; `confirmations` counts that block as one."""

    confirmations: int


@dataclass(frozen=True, slots=True)
class Absent:
    """None of the attempts is in a block of the chain whose newest block has the slot `tip_slot`.

    `final_slot` is that of its newest block that is as deep as we ask: depth is counted in blocks, for a sparse
    fork has many slots and few blocks.
    """

    tip_slot: int
    final_slot: int


class BatchAction(Enum):
    """What is to be done about a batch next."""

    #: build and sign a transaction, and store it
    SIGN = auto()
    #: submit the stored bytes (again)
    SUBMIT = auto()
    #: nothing but to look again
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class BatchStep:
    """`state` is what the chain says, and is recorded before the action; `open` is not, for the batch stays
    what it was until new bytes are stored. `signed` and `submitted` are recorded by these actions themselves.
    """

    state: BatchState
    action: BatchAction


def next_step(
    state: BatchState, expiry_slot: int | None, seen: OnChain | Absent | None, required: int
) -> BatchStep:
    """Where the batch goes, and what is to be done.

    `expiry_slot` is that of the attempt that is being brought on the chain, `seen` tells of any of the batch's.
    """
    if isinstance(seen, OnChain):
        deep = seen.confirmations >= required or state == "confirmed"
        return BatchStep("confirmed" if deep else "seen", BatchAction.WAIT)
    if state == "open" or expiry_slot is None or seen is None:
        return BatchStep("open", BatchAction.SIGN)
    if state in {"confirmed", "parked"}:
        # What was final is gone: the chain is not what we took it for, and a person must look.
        return BatchStep("parked", BatchAction.WAIT)
    gone: BatchState = "lost" if state == "seen" else state
    if seen.tip_slot <= expiry_slot:
        return BatchStep(gone, BatchAction.SUBMIT)
    if seen.final_slot > expiry_slot:
        # The old bytes can never land any more: a block past their expiry is as deep as we ask.
        return BatchStep("open", BatchAction.SIGN)
    return BatchStep(gone, BatchAction.WAIT)


def state_off_chain(deepest: int, required: int) -> BatchState:
    """Of a final batch that is off the chain, by the most confirmations it was seen with.

    A rollback of up to `required` blocks can take one that had just become final: it is landed again.
    """
    return "parked" if deepest > required else "lost"


def batch_is_due(waiting: int, oldest_age: int, *, size: int, seconds: int) -> bool:
    """A batch closes after `size` burns or `seconds` seconds, whichever comes first."""
    return waiting >= size or (waiting > 0 and oldest_age >= seconds)


def submit_is_due(state: BatchState, age: int | None, resubmit_seconds: int) -> bool:
    """Not while it is most likely waiting in the mempool; at once after a rollback.

    `age`: seconds since it was last handed in, None before the first time.
    """
    return state != "submitted" or age is None or age >= resubmit_seconds
