"""Statements on redemptions; each takes the transaction first."""

from collections.abc import Mapping
from operator import attrgetter

from sqlalchemy import bindparam, delete, update
from sqlalchemy.orm import defer
from sqlmodel import col, select

from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.credits.accounts import BY_OPERATOR
from paywall.database.engine import Liveness, Transaction
from paywall.database.inserts import Insertion, Values
from paywall.database.statements import CompiledStatement
from paywall.errors import (
    BurnBacklogFull,
    CreditsExhausted,
    FulfilmentRefused,
    IdempotencyKeyReused,
    PaymentReversed,
    PaywallError,
    ReceiptInvalid,
    ReceiptRevoked,
)
from paywall.ops.failpoints import failpoint
from paywall.redemptions.fulfilment import StoredDelivery
from paywall.redemptions.holder_proofs import use_proof
from paywall.redemptions.request import RedemptionRequest, Reservation
from paywall.redemptions.tables import RedemptionRow
from shared.text import clean

#: characters of a refusal that are kept and answered
LONGEST_REFUSAL = 1000
_redemption = RedemptionRow.__table__.c  # type: ignore[attr-defined]
_OF_REQUEST = (
    *("id", "account_id", "idempotency_key", "resource", "request", "document", "request_hash"),
    *("quantity", "owes_burn"),
)
_values = attrgetter(*_OF_REQUEST)
COLUMNS = (*_OF_REQUEST, "state", "attempt", "process", "deadline", "created_at", "updated_at")
KEY = ("account_id", "idempotency_key")
INSERT = Insertion(RedemptionRow, COLUMNS, unless=KEY)
_TAKE_BACK = CompiledStatement(
    lambda _insert: (
        delete(RedemptionRow).where(_redemption.id == bindparam("which")).returning(_redemption.id)
    )
)
_CAPTURE = CompiledStatement(
    lambda _insert: (
        update(RedemptionRow)
        .where(
            _redemption.id == bindparam("which"),
            _redemption.state == bindparam("was"),
            _redemption.attempt == bindparam("try"),
        )
        .values(
            state=bindparam("becomes"),
            delivery=bindparam("where"),
            media_type=bindparam("kind"),
            sha256=bindparam("hash"),
            body=bindparam("what"),
            updated_at=bindparam("at"),
        )
        .returning(_redemption.account_id)
    )
)


def reserve(
    tx: Transaction,
    request: RedemptionRequest,
    now: int,
    deadline: int,
    *,
    liveness: Liveness,
    backlog_full: bool = False,
) -> Reservation | RedemptionRow:
    """Reserve the credits of one use under the idempotency key; or the redemption that the key already names.

    One that its process can no longer finish is released and reserved anew.

    Errors: HolderProofInvalid, IdempotencyKeyReused, and those of `why_not`;
    and BurnBacklogFull for what is new: what was redeemed before is answered all the same.
    """
    if request.holder_proof is not None:
        use_proof(tx, request.holder_proof)
    process = liveness.own()
    if INSERT.one(tx, new_row(request, process, deadline, now)):
        if backlog_full:
            raise BurnBacklogFull
        return _take(tx, request, 1, now)
    row = tx.session.exec(
        select(RedemptionRow).where(
            RedemptionRow.account_id == request.account_id,
            RedemptionRow.idempotency_key == request.idempotency_key,
        )
    ).one()
    if (row.resource, row.request_hash) != (request.resource, request.request_hash):
        raise IdempotencyKeyReused("This key belongs to a request with another body.", redemption_id=row.id)
    if not (_is_left(tx, row, liveness, now) or (row.state == "released" and row.refusal is None)):
        return RedemptionRow.model_validate(row.model_dump())
    if backlog_full:
        raise BurnBacklogFull
    return _reserve_again(tx, row, request, now, {"process": process, "deadline": deadline})


def new_row(
    request: RedemptionRequest, process: int, deadline: int, now: int, *, state: str = "reserved"
) -> Values:
    """Of `COLUMNS`."""
    values: Values = _values(request)
    return *values, state, 1, process, deadline, now, now


def take_back(tx: Transaction, redemption_id: str) -> bool:
    """Undo an insertion for which no credits were taken, in its own transaction. False where there was none."""
    return bool(tx.run(_TAKE_BACK, which=redemption_id))


def _is_left(tx: Transaction, row: RedemptionRow, liveness: Liveness, now: int) -> bool:
    """Whether the process that fulfilled it is dead; then the credits of its attempt are released here.

    Should it live after all, its attempt has passed: it can capture nothing.
    """
    if row.state != "reserved" or not liveness.is_gone(tx, row.process):
        return False
    released = release(tx, row.id, row.attempt, now)
    failpoint("recover.taking_up")
    return released


def _reserve_again(
    tx: Transaction, row: RedemptionRow, request: RedemptionRequest, now: int, held: Mapping[str, int]
) -> Reservation | RedemptionRow:
    """A failure that may pass, or a crash, released the credits: the same key may try once more.

    `held` is the process that tries, and its deadline.
    """
    attempt = row.attempt + 1
    done = tx.session.exec(
        update(RedemptionRow)
        .where(_redemption.id == row.id, _redemption.state == "released", _redemption.attempt == row.attempt)
        .values(state="reserved", attempt=attempt, updated_at=now, **held)
    )
    if done.rowcount != 1:
        return RedemptionRow.model_validate({**row.model_dump(), "state": "reserved"})  # another was first
    # What was asked first is what is performed, and what it cost then: the seller may have changed both since.
    again = request._replace(id=row.id, document=row.document, quantity=row.quantity, owes_burn=row.owes_burn)
    return _take(tx, again, attempt, now)


def _take(tx: Transaction, request: RedemptionRequest, attempt: int, now: int) -> Reservation:
    transfer = postings.reserve(request.id, attempt, request.quantity)
    left = credit_store.take(tx, request.account_id, request.product, transfer, now)
    if left is None:
        raise why_not(tx, request, now)
    return reservation(request, attempt, left)


def reservation(request: RedemptionRequest, attempt: int, left: int) -> Reservation:
    """What was reserved by that attempt, which left so many credits."""
    return Reservation(
        id=request.id,
        account_id=request.account_id,
        attempt=attempt,
        quantity=request.quantity,
        idempotency_key=request.idempotency_key,
        request_hash=request.request_hash,
        document=request.document,
        owes_burn=request.owes_burn,
        credits_remaining=left,
    )


def why_not(tx: Transaction, request: RedemptionRequest, now: int) -> PaywallError:
    """Why the account does not give the credits of this request."""
    balance = credit_store.balance(tx, request.account_id)
    if balance is None:
        return ReceiptInvalid("This receipt opened no credits here.")
    if balance.revoked_by is not None:
        return ReceiptRevoked() if balance.revoked_by == BY_OPERATOR else PaymentReversed()
    if balance.expires_at <= now:
        return CreditsExhausted("The credits of this receipt have expired.")
    if 0 < balance.available < request.quantity:
        return CreditsExhausted(
            f"One use takes {request.quantity} credits, and the receipt has {balance.available} left.",
            granted=balance.granted,
        )
    return CreditsExhausted("The receipt has no credits left.", granted=balance.granted)


def capture(
    tx: Transaction, reservation: Reservation, delivery: StoredDelivery, now: int, body: bytes | None = None
) -> bool:
    """Reserved → captured, with the `body` of a quick resource. False when the reservation is gone."""
    rows = tx.run(
        _CAPTURE,
        which=reservation.id,
        was="reserved",
        becomes="captured",
        where=delivery.reference,
        kind=delivery.media_type,
        hash=delivery.sha256,
        what=body,
        at=now,
        **{"try": reservation.attempt},
    )
    if not rows:
        return False
    transfer = postings.capture(reservation.id, reservation.attempt, reservation.quantity)
    credit_store.move(tx, reservation.account_id, transfer, now)
    return True


def release(
    tx: Transaction, redemption_id: str, attempt: int, now: int, *, refusal: str | None = None
) -> bool:
    """Reserved → released, the credits available again. False when it was captured or released already."""
    released = tx.session.exec(
        update(RedemptionRow)
        .where(
            _redemption.id == redemption_id, _redemption.state == "reserved", _redemption.attempt == attempt
        )
        .values(state="released", refusal=refusal, updated_at=now)
        .returning(_redemption.account_id, _redemption.quantity)
    ).one_or_none()
    if released is None:
        return False
    account_id, quantity = released
    back = postings.release(redemption_id, attempt, quantity)
    credit_store.move(tx, account_id, back, now)
    credit_store.take_back(tx, account_id, back, now)
    return True


def refusal_of(error: BaseException) -> str | None:
    """A fulfilment's own sentence as every store and client can take it, when it refused for good."""
    return clean(error.detail, LONGEST_REFUSAL) if isinstance(error, FulfilmentRefused) else None


def find(tx: Transaction, redemption_id: str) -> RedemptionRow | None:
    return tx.session.get(RedemptionRow, redemption_id, options=[defer(col(RedemptionRow.body))])  # type: ignore[arg-type]
