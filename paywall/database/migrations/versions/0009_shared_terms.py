"""What payment requests of one order and second share is stored once, and a payment request in its key's tree.

Those that are there keep their whole tokens: what signed them wrote their claims as it did then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WHOLE_OR_MADE = "token IS NOT NULL OR (state = 'open' AND terms_id IS NOT NULL AND signature IS NOT NULL)"
KEPT = "id, token, product, credits, price, currency, holder, state, created_at, expires_at"


def upgrade() -> None:
    op.create_table(
        "payment_terms",
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("claims", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("expires_at", "id"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("payment_request", "token", nullable=True)
        op.add_column("payment_request", sa.Column("terms_id", sa.LargeBinary(), nullable=True))
        op.add_column("payment_request", sa.Column("signature", sa.String(), nullable=True))
        op.create_check_constraint("ck_payment_request_token", "payment_request", WHOLE_OR_MADE)
    else:
        upgrade_sqlite()


def upgrade_sqlite() -> None:
    op.create_table(
        "payment_request_in_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("terms_id", sa.LargeBinary(), nullable=True),
        sa.Column("signature", sa.String(), nullable=True),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(WHOLE_OR_MADE, name="ck_payment_request_token"),
        sa.CheckConstraint("credits > 0", name="ck_payment_request_credits"),
        sa.CheckConstraint("price > 0", name="ck_payment_request_price"),
        sa.CheckConstraint(
            "state IN ('open', 'settling', 'paid', 'reversed', 'forgotten')", name="ck_payment_request_state"
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO payment_request_in_key ({KEPT}) SELECT {KEPT} FROM payment_request ORDER BY id"  # noqa: S608  no input of anybody's
    )
    op.drop_table("payment_request")
    op.rename_table("payment_request_in_key", "payment_request")
    op.create_index(
        "ix_payment_request_unpaid", "payment_request", ["expires_at"], sqlite_where=sa.text("state = 'open'")
    )
