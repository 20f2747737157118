"""Reserving the credits of a use, for one request or for all that come at the same time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from paywall.credits import bulk, postings
from paywall.credits.bulk import AccountMove
from paywall.credits.postings import Transfer
from paywall.database.engine import Liveness, Transaction
from paywall.errors import HolderProofInvalid, IdempotencyKeyReused, PaywallError
from paywall.redemptions import store
from paywall.redemptions.holder_proofs import use_proofs
from paywall.redemptions.request import RedemptionRequest, Reservation
from paywall.redemptions.tables import RedemptionRow


class ToReserve(NamedTuple):
    """A request to redeem, asked at `now`; `full`: as many burns wait as may."""

    request: RedemptionRequest
    now: int
    deadline: int
    full: bool


class RefusedUse(NamedTuple):
    """Told, not raised: what is raised behind a write undoes a group, and who is refused could do that to others.

    The holder proof is used up.
    """

    error: PaywallError


def refuse_use(tx: Transaction, request: RedemptionRequest, error: PaywallError) -> RefusedUse:
    """A new redemption that was refused is taken back. Errors: `error`, where more was written than that."""
    if not store.take_back(tx, request.id) and not isinstance(error, IdempotencyKeyReused):
        raise error
    return RefusedUse(error)


Reserved = Reservation | RedemptionRow | RefusedUse


class Reserve:
    """What `store.reserve` says, for a `database.engine.GroupFn`."""

    def __init__(self, liveness: Liveness) -> None:
        self._liveness = liveness

    def one(self, tx: Transaction, item: ToReserve) -> Reserved:
        try:
            return store.reserve(
                tx, item.request, item.now, item.deadline, liveness=self._liveness, backlog_full=item.full
            )
        except HolderProofInvalid:
            raise  # before anything was written
        except PaywallError as error:
            return refuse_use(tx, item.request, error)

    def many(self, tx: Transaction, items: Sequence[ToReserve]) -> list[Reserved] | None:
        proofs = [one.request.holder_proof for one in items if one.request.holder_proof is not None]
        if any(one.full for one in items) or not use_proofs(tx, proofs):
            return None
        process = self._liveness.own()
        rows = [store.new_row(one.request, process, one.deadline, one.now) for one in items]
        if not store.INSERT.many(tx, rows):
            return None  # a key that is known
        left = take_many(tx, items, lambda one: postings.reserve(one.id, 1, one.quantity))
        if left is None:
            return None
        return [store.reservation(one.request, 1, left[one.request.id]) for one in items]


def take_many(
    tx: Transaction, items: Sequence[ToReserve], transfer: Callable[[RedemptionRequest], Transfer]
) -> dict[str, int] | None:
    """Redemption id → credits that were left after it; None where one of them cannot be taken."""
    by_terms: defaultdict[tuple[str, int], list[RedemptionRequest]] = defaultdict(list)
    for one in items:
        by_terms[one.request.product, one.now].append(one.request)
    found: dict[str, int] = {}
    for (product, now), requests in by_terms.items():
        moves = [AccountMove(one.account_id, transfer(one)) for one in requests]
        left = bulk.take(tx, moves, product, now)
        if left is None:
            return None
        found |= {one.id: credits for one, credits in zip(requests, left, strict=True)}
    return found
