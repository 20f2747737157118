"""The wallet's tables. The constraints are the rules: one open purchase of a kind, one payment a request.

What changes here needs a step in `migrations.py`, which brings the wallets that exist along.
"""

SCHEMA = (
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
    # The identity of a seller, believed at first use and held to afterwards.
    "CREATE TABLE sellers (origin TEXT PRIMARY KEY, did TEXT NOT NULL, first_seen INTEGER NOT NULL)",
    # Who is at work on what. `until` (Unix seconds) lets go of what a dead process held.
    "CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL)",
    # One call of `buyer images` or `buyer generate`, so that the next one can finish what this one began.
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'done')),
        created_at INTEGER NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX one_open_job ON jobs (kind) WHERE state = 'open'",
    # `draft` and `evidence` are JSON, the payer's own. `cost_amount` is in the unit of the price; once signed it is
    # spent, until it is `given_back`. `signed_at` in Unix seconds.
    """
    CREATE TABLE purchases (
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
        signed_at INTEGER,
        given_back INTEGER NOT NULL DEFAULT 0 CHECK (given_back IN (0, 1)),
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
    CREATE UNIQUE INDEX one_open_purchase ON purchases (origin, product, credits)
    WHERE state IN ('wanted', 'requested', 'signed')
    """,
    "CREATE UNIQUE INDEX one_payment_a_request ON purchases (origin, payment_request_id)",
    # What our payments use up: outputs, nonces. Rows outlive the payment: an index that lags shows it again.
    """
    CREATE TABLE taken_resources (
        payer TEXT NOT NULL,
        reference TEXT NOT NULL,
        purchase_id TEXT NOT NULL REFERENCES purchases (id),
        PRIMARY KEY (payer, reference)
    )
    """,
    """
    CREATE TABLE receipts (
        id TEXT PRIMARY KEY,
        purchase_id TEXT NOT NULL UNIQUE REFERENCES purchases (id),
        token TEXT NOT NULL,
        issued_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        asked INTEGER NOT NULL DEFAULT 0
    )
    """,
    # Uses of credits; those of `BuyerClient.redeem` belong to no job. `target` is the path that is asked, `path` the
    # file that the delivery was saved as.
    """
    CREATE TABLE uses (
        idempotency_key TEXT PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        job_id TEXT REFERENCES jobs (id),
        position INTEGER NOT NULL,
        body TEXT NOT NULL,
        redemption_id TEXT UNIQUE,
        path TEXT,
        state TEXT NOT NULL CHECK (state IN ('wanted', 'delivered', 'done')),
        target TEXT NOT NULL DEFAULT '/api/images/generate',
        credits INTEGER NOT NULL DEFAULT 1 CHECK (credits > 0),
        salt BLOB,
        proof TEXT CHECK (proof IN ('holds', 'partly', 'broken'))
    )
    """,
    "CREATE UNIQUE INDEX one_use_a_position ON uses (job_id, position) WHERE job_id IS NOT NULL",
    "CREATE INDEX uses_of_a_receipt ON uses (receipt_id, state, credits)",
    # `asked` of a receipt is what all its uses cost: whichever way one comes or goes, it is not added up anew.
    """
    CREATE TRIGGER use_asked AFTER INSERT ON uses
    BEGIN UPDATE receipts SET asked = asked + NEW.credits WHERE id = NEW.receipt_id; END
    """,
    """
    CREATE TRIGGER use_refused AFTER DELETE ON uses
    BEGIN UPDATE receipts SET asked = asked - OLD.credits WHERE id = OLD.receipt_id; END
    """,
    # Credits that are given to another holder, `credits` of a receipt under a key. `token` is the receiver's receipt;
    # none until the seller has answered. They are asked of the receipt as its uses are.
    """
    CREATE TABLE gifts (
        idempotency_key TEXT PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        holder TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        token TEXT
    )
    """,
    "CREATE UNIQUE INDEX one_open_gift ON gifts (receipt_id, holder) WHERE token IS NULL",
    """
    CREATE TRIGGER gift_asked AFTER INSERT ON gifts
    BEGIN UPDATE receipts SET asked = asked + NEW.credits WHERE id = NEW.receipt_id; END
    """,
    """
    CREATE TRIGGER gift_refused AFTER DELETE ON gifts
    BEGIN UPDATE receipts SET asked = asked - OLD.credits WHERE id = OLD.receipt_id; END
    """,
    # What idempotency keys are made of between two commits. One that is `broken_off` was left by a process that
    # ended in between: some of its keys may have been asked for, and the wallet does not know which.
    """
    CREATE TABLE series (
        secret BLOB PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        owner TEXT NOT NULL,
        until INTEGER NOT NULL,
        broken_off INTEGER NOT NULL DEFAULT 0 CHECK (broken_off IN (0, 1))
    )
    """,
    "CREATE INDEX series_of_a_receipt ON series (receipt_id)",
    # Payments shown in a header of the very request that they pay for. `header` and `value` are sent again, to the
    # letter, until there is an answer; `answered_at` in Unix seconds. `receipt` is as it came, and not verified.
    """
    CREATE TABLE paid_calls (
        purchase_id TEXT PRIMARY KEY REFERENCES purchases (id),
        header TEXT NOT NULL,
        value TEXT NOT NULL,
        answered_at INTEGER,
        receipt TEXT
    )
    """,
    # What is left of a receipt that a call bought, for the next call of the same method and path.
    """
    CREATE TABLE credits_left (
        receipt TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        place TEXT NOT NULL,
        credits INTEGER NOT NULL CHECK (credits > 0),
        expires_at INTEGER NOT NULL
    )
    """,
    "CREATE INDEX credits_of_a_place ON credits_left (origin, place, expires_at)",
    # Calls that such a receipt pays for and that have no answer yet: each is sent again under its own key.
    """
    CREATE TABLE credit_calls (
        origin TEXT NOT NULL,
        call TEXT NOT NULL,
        receipt TEXT NOT NULL,
        idempotency_key TEXT NOT NULL UNIQUE,
        PRIMARY KEY (origin, call)
    )
    """,
    # A price above which the owner wants to be asked. Each is used by one purchase, or waits for one.
    """
    CREATE TABLE approvals (
        id TEXT PRIMARY KEY,
        origin TEXT NOT NULL,
        product TEXT NOT NULL,
        credits INTEGER NOT NULL,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        currency TEXT NOT NULL,
        decimals INTEGER NOT NULL,
        asked_at INTEGER NOT NULL,
        approved_at INTEGER,
        purchase_id TEXT REFERENCES purchases (id),
        CHECK (purchase_id IS NULL OR approved_at IS NOT NULL)
    )
    """,
    """
    CREATE UNIQUE INDEX one_open_approval ON approvals (origin, product, credits, amount, currency, decimals)
    WHERE purchase_id IS NULL
    """,
)
