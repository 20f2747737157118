"""Statements on instructions; each takes the transaction first."""

import json

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion
from paywall.payments.instructions.tables import InstructionsRow
from paywall.rails.base import Instructions

_KEY = ("payment_request_id", "option_id")
_INSERT = Insertion(InstructionsRow, (*_KEY, "payload", "expires_at", "created_at"), unless=_KEY)


def find(tx: Transaction, request_id: str, option_id: str) -> Instructions | None:
    row = tx.session.get(InstructionsRow, (request_id, option_id))
    return None if row is None else Instructions(row.option_id, json.loads(row.payload), row.expires_at)


def keep(tx: Transaction, request_id: str, made: Instructions, now: int) -> Instructions:
    """The instructions from now on: these, or those that were kept first."""
    payload = json.dumps(dict(made.payload))
    _INSERT.one(tx, (request_id, made.option_id, payload, made.expires_at, now))
    kept = find(tx, request_id, made.option_id)
    assert kept is not None, "it was there, or is now"
    return kept
