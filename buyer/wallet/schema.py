"""The wallet's tables. The constraints are the rules: one open purchase of a kind, one payment a request."""

VERSION = 2

#: version → what brings a wallet of it to the next; never changed once released, for a wallet holds money
UPGRADES: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE images ADD COLUMN credits INTEGER NOT NULL DEFAULT 1 CHECK (credits > 0)",
        "ALTER TABLE images ADD COLUMN salt BLOB",
    ),
}

SCHEMA = (
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
    # The identity of a seller, believed at first use and held to afterwards.
    "CREATE TABLE sellers (origin TEXT PRIMARY KEY, did TEXT NOT NULL, first_seen INTEGER NOT NULL)",
    # Who is at work on what. `until` (Unix seconds) lets go of what a dead process held.
    "CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL)",
    # One call of `buyer images`, so that the next one can finish what this one began.
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'done')),
        created_at INTEGER NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX one_open_run ON runs (kind) WHERE state = 'open'",
    """
    CREATE TABLE purchases (
        id TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        state TEXT NOT NULL CHECK (state IN ('wanted', 'requested', 'signed', 'paid', 'abandoned')),
        run_id TEXT REFERENCES runs (id),
        created_at INTEGER NOT NULL,
        price_amount INTEGER CHECK (price_amount >= 0),
        price_currency TEXT,
        price_decimals INTEGER,
        payment_request_id TEXT,
        payment_request_token TEXT,
        option_id TEXT,
        expires_at INTEGER,
        tx_hash TEXT UNIQUE,
        tx_bytes BLOB,
        expiry_slot INTEGER,
        CHECK (state IN ('wanted', 'abandoned') OR payment_request_token IS NOT NULL),
        CHECK (state NOT IN ('signed', 'paid') OR (tx_bytes IS NOT NULL AND price_amount IS NOT NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX one_open_purchase ON purchases (origin, product, credits)
    WHERE state IN ('wanted', 'requested', 'signed')
    """,
    "CREATE UNIQUE INDEX one_payment_a_request ON purchases (origin, payment_request_id)",
    # Outputs that our payments spend. Rows outlive the payment: an index that lags shows them again.
    """
    CREATE TABLE spent_outputs (
        tx_hash TEXT NOT NULL,
        position INTEGER NOT NULL,
        purchase_id TEXT NOT NULL REFERENCES purchases (id),
        PRIMARY KEY (tx_hash, position)
    )
    """,
    """
    CREATE TABLE receipts (
        id TEXT PRIMARY KEY,
        purchase_id TEXT NOT NULL UNIQUE REFERENCES purchases (id),
        token TEXT NOT NULL,
        issued_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE images (
        idempotency_key TEXT PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        run_id TEXT REFERENCES runs (id),
        position INTEGER NOT NULL,
        body TEXT NOT NULL,
        redemption_id TEXT UNIQUE,
        path TEXT,
        state TEXT NOT NULL CHECK (state IN ('wanted', 'delivered', 'done')),
        credits INTEGER NOT NULL DEFAULT 1 CHECK (credits > 0),
        salt BLOB
    )
    """,
    "CREATE UNIQUE INDEX one_image_a_position ON images (run_id, position) WHERE run_id IS NOT NULL",
)
