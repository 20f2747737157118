"""Version 1 → 2: payments of any rail, uses of any resource; runs are called jobs.

Written out in SQL of its own, so that no later change of the code changes what it did.
"""

import json
import sqlite3

from shared.keys import SigningKey


def any_rail(db: sqlite3.Connection) -> None:
    """A signed transaction becomes the evidence that is claimed, byte for byte; its expiry the payer's draft."""
    settings = dict(db.execute("SELECT key, value FROM settings").fetchall())
    payer, network = SigningKey.from_seed(settings["seed"]).public.did, settings["network"].decode()

    def evidence(tx_bytes: bytes) -> str:
        return json.dumps(
            {"payer": payer, "network": network, "payload": {"transaction": {"hex": tx_bytes.hex()}}}
        )

    db.create_function("evidence_of", 1, evidence, deterministic=True)
    for statement in _ANY_RAIL:
        db.execute(statement)
    db.create_function("evidence_of", 1, None)


_ANY_RAIL = (
    "ALTER TABLE runs RENAME TO jobs",
    "DROP INDEX one_open_run",
    "CREATE UNIQUE INDEX one_open_job ON jobs (kind) WHERE state = 'open'",
    """
    CREATE TABLE new_purchases (
        id TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        state TEXT NOT NULL CHECK (state IN ('wanted', 'requested', 'signed', 'paid', 'abandoned')),
        job_id TEXT REFERENCES jobs (id),
        created_at INTEGER NOT NULL,
        price_amount INTEGER CHECK (price_amount >= 0),
        price_currency TEXT,
        price_decimals INTEGER,
        payment_request_id TEXT,
        payment_request_token TEXT,
        expires_at INTEGER,
        option_id TEXT,
        cost_amount INTEGER CHECK (cost_amount >= 0),
        payer TEXT,
        external_id TEXT,
        draft TEXT,
        evidence TEXT,
        UNIQUE (payer, external_id),
        CHECK (state IN ('wanted', 'abandoned') OR (payment_request_token IS NOT NULL AND price_amount IS NOT NULL)),
        CHECK (
            state NOT IN ('signed', 'paid')
            OR (option_id IS NOT NULL AND cost_amount IS NOT NULL AND payer IS NOT NULL
                AND external_id IS NOT NULL AND draft IS NOT NULL AND evidence IS NOT NULL)
        )
    )
    """,
    """
    INSERT INTO new_purchases
    SELECT id, origin, product, credits, state, run_id, created_at, price_amount, price_currency, price_decimals,
           payment_request_id, payment_request_token, expires_at, option_id,
           CASE WHEN tx_hash IS NOT NULL THEN price_amount END,
           CASE WHEN tx_hash IS NOT NULL THEN 'cardano' END,
           tx_hash,
           CASE WHEN tx_hash IS NOT NULL THEN json_object('expiry_slot', expiry_slot) END,
           CASE WHEN tx_hash IS NOT NULL THEN evidence_of(tx_bytes) END
    FROM purchases ORDER BY rowid
    """,
    "DROP TABLE purchases",
    "ALTER TABLE new_purchases RENAME TO purchases",
    """
    CREATE UNIQUE INDEX one_open_purchase ON purchases (origin, product, credits)
    WHERE state IN ('wanted', 'requested', 'signed')
    """,
    "CREATE UNIQUE INDEX one_payment_a_request ON purchases (origin, payment_request_id)",
    """
    CREATE TABLE taken_resources (
        payer TEXT NOT NULL,
        reference TEXT NOT NULL,
        purchase_id TEXT NOT NULL REFERENCES purchases (id),
        PRIMARY KEY (payer, reference)
    )
    """,
    """
    INSERT INTO taken_resources
    SELECT 'cardano', tx_hash || '#' || position, purchase_id FROM spent_outputs ORDER BY rowid
    """,
    "DROP TABLE spent_outputs",
    "ALTER TABLE images RENAME TO uses",
    "ALTER TABLE uses RENAME COLUMN run_id TO job_id",
    "ALTER TABLE uses ADD COLUMN target TEXT NOT NULL DEFAULT '/api/images/generate'",
    "DROP INDEX one_image_a_position",
    "CREATE UNIQUE INDEX one_use_a_position ON uses (job_id, position) WHERE job_id IS NOT NULL",
)
