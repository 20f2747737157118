"""Statements on payment requests; each takes the transaction first."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import delete, tuple_, update
from sqlmodel import col, select

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion, Values
from paywall.ops.failpoints import failpoint
from paywall.sales.tables import PaymentRequestRow, PaymentTermsRow
from paywall.sales.terms import Terms
from shared.dialects.base import StoredRequest
from shared.tokens import jws, prt

_COMMON = ("product", "credits", "price", "currency", "holder", "state", "created_at", "expires_at")
_INSERT = Insertion(PaymentRequestRow, ("id", "terms_id", "signature", *_COMMON))
_RESTORE = Insertion(PaymentRequestRow, ("id", "token", *_COMMON), unless=["id"])
_TERMS = Insertion(PaymentTermsRow, ("expires_at", "id", "claims"), unless=["expires_at", "id"])


class ToStore(NamedTuple):
    """A payment request that is signed, and the terms that it is made of."""

    sold: StoredRequest
    terms: Terms


class Insert:
    """A request that is open to be paid, for a `database.engine.GroupFn`.

    Its terms go with it until it is known that another's transaction has stored them.
    """

    def one(self, tx: Transaction, item: ToStore) -> None:
        if not item.terms.stored:
            _TERMS.one(tx, _terms_row(item.terms))
        _INSERT.one(tx, _row(item))
        failpoint("sell.storing")

    def many(self, tx: Transaction, items: Sequence[ToStore]) -> list[None] | None:
        for terms in {item.terms for item in items if not item.terms.stored}:
            _TERMS.one(tx, _terms_row(terms))
        stored = _INSERT.many(tx, [_row(item) for item in items])
        failpoint("sell.storing")
        return [None] * len(items) if stored else None


def restore(tx: Transaction, stored: StoredRequest) -> None:
    """The row of a request that was forgotten, from its token, for a payment to be kept with; nothing opens it.

    A row that is there stays as it is.
    """
    _RESTORE.one(tx, (stored.request.id, stored.token, *_common(stored, "forgotten")))


def _row(item: ToStore) -> Values:
    sold, terms = item
    return sold.request.id, terms.id, _signature(sold.token), *_common(sold, "open")


def _signature(token: str) -> str:
    return token.rpartition(".")[2]


def _terms_row(terms: Terms) -> Values:
    return terms.expires_at, terms.id, terms.claims


def _common(stored: StoredRequest, state: str) -> Values:
    request = stored.request
    order, price = request.order, request.price
    return (
        order.product,
        order.credits,
        price.amount,
        price.currency,
        order.holder,
        state,
        request.issued_at,
        request.expires_at,
    )


def token_of(tx: Transaction, request_id: str) -> str | None:
    """The token of a payment request, to the letter as it was signed; None where none is known."""
    row = find(tx, request_id)
    if row is None or row.token is not None:
        return None if row is None else row.token
    terms = tx.session.get(PaymentTermsRow, (row.expires_at, row.terms_id))
    if terms is None:
        return None
    # All have one header: a version that signs under another must first write out the tokens of those that are open.
    return jws.attached(jws.signing_input_of(prt.fill(terms.claims, row.id, row.holder)), str(row.signature))


def knows(tx: Transaction, stored: StoredRequest, *, if_gone: bool) -> bool:
    """Whether a token, whose signature was verified, is the one that was stored; `if_gone` where no row is there.

    Id and signature tell: so a request stays payable whatever became of its terms, as under a clock that leaps.
    """
    row = find(tx, stored.request.id)
    if row is None:
        return if_gone
    return row.token == stored.token or (row.token is None and row.signature == _signature(stored.token))


def take(tx: Transaction, stored: StoredRequest) -> bool:
    """Open → settling, with its token from here on; False when it is not open."""
    done = tx.session.exec(
        update(PaymentRequestRow)
        .where(col(PaymentRequestRow.id) == stored.request.id, col(PaymentRequestRow.state) == "open")
        .values(state="settling", token=stored.token, terms_id=None, signature=None)
    )
    return done.rowcount == 1


def forget_terms(tx: Transaction, before: int, limit: int) -> int:
    """Delete terms that expired before, and that no payment request is made of; how many, at most `limit`."""
    request, terms = PaymentRequestRow, PaymentTermsRow
    key = tuple_(col(terms.expires_at), col(terms.id))
    made_of_them = (
        select(request.id)
        .where(request.state == "open", request.expires_at == terms.expires_at, request.terms_id == terms.id)
        .exists()
    )
    found = select(terms.expires_at, terms.id).where(terms.expires_at < before, ~made_of_them).limit(limit)
    return int(tx.session.exec(delete(terms).where(key.in_(found))).rowcount)


def find(tx: Transaction, request_id: str) -> PaymentRequestRow | None:
    return tx.session.get(PaymentRequestRow, request_id)


def move(tx: Transaction, request_id: str, state: str, *, guard: tuple[str, ...]) -> bool:
    """One UPDATE with its guard in the WHERE clause; False when the guard did not hold."""
    done = tx.session.exec(
        update(PaymentRequestRow)
        .where(col(PaymentRequestRow.id) == request_id, col(PaymentRequestRow.state).in_(guard))
        .values(state=state)
    )
    return done.rowcount == 1
