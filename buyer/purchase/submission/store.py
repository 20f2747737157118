"""What became of a payment that its payer makes himself, in the wallet; the transaction comes first.

Each step is one UPDATE guarded by the draft that the caller saw: of two who would pay, one does.
"""

import json
import sqlite3

from buyer.errors import WalletError
from buyer.payers.base import PaymentDraft
from buyer.purchase import evidence
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase
from buyer.wallet import copies
from shared.dialects.base import Evidence

#: member of a stored draft: when its payer was told to pay (Unix seconds)
_BEGUN = "submitted_at"


def is_begun(purchase: Purchase) -> bool:
    """Whether its payer was told to pay."""
    return _BEGUN in purchase.draft.document


def begin(db: sqlite3.Connection, purchase: Purchase, now: int) -> Purchase:
    """From here on it is not known whether it is paid, until its payer says so."""
    copies.check_no_copy(db)
    return _write(db, purchase, {**purchase.draft.document, _BEGUN: now})


def undo(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    """Its payer says that nothing was sent."""
    document = {name: value for name, value in purchase.draft.document.items() if name != _BEGUN}
    return _write(db, purchase, document)


def done(db: sqlite3.Connection, purchase: Purchase, draft: PaymentDraft, shown: Evidence) -> Purchase:
    """Paid: what came of it, and the evidence."""
    return _write(db, purchase, dict(draft.document), shown)


def give_up(db: sqlite3.Connection, purchase: Purchase) -> Purchase:
    """Nothing was paid, and nothing will be: its cost is free again."""
    _check_as_seen(db, purchase)
    return purchase_store.abandon(db, purchase)


def _write(
    db: sqlite3.Connection, purchase: Purchase, document: dict[str, object], shown: Evidence | None = None
) -> Purchase:
    _check_as_seen(db, purchase)
    written = purchase.evidence_document if shown is None else evidence.write(shown)
    db.execute(
        "UPDATE purchases SET draft = ?, evidence = ? WHERE id = ?",
        (json.dumps(document), written, purchase.id),
    )
    return purchase_store.find(db, purchase.id)


def _check_as_seen(db: sqlite3.Connection, purchase: Purchase) -> None:
    """In the transaction that writes, of which a wallet has one at a time."""
    found = purchase_store.find(db, purchase.id)
    if (found.state, found.draft_document) != (purchase.state, purchase.draft_document):
        raise WalletError("purchase_taken", f"another buyer took up the purchase of {purchase.kind}")
