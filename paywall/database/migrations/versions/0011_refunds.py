"""Credits that are given back for their money."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('due', 'sending')")


def upgrade() -> None:
    op.create_table(
        "refund",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("option_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("rail_state", sa.String(), nullable=True),
        sa.Column("returned", sa.BigInteger(), nullable=True),
        sa.Column("drafts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('due', 'sending', 'sent', 'by_hand')", name="ck_refund_state"),
        sa.CheckConstraint("credits > 0 AND amount > 0", name="ck_refund_sign"),
        sa.CheckConstraint(
            "state <> 'sending' OR (external_id IS NOT NULL AND rail_state IS NOT NULL)",
            name="ck_refund_draft",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["credit_account.id"]),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "idempotency_key", name="uq_refund_key"),
    )
    op.create_index("ix_refund_payment_id", "refund", ["payment_id"])
    op.create_index("ix_refund_open", "refund", ["updated_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "refund_input",
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("input", sa.String(), nullable=False),
        sa.Column("refund_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"]),
        sa.PrimaryKeyConstraint("rail", "input"),
    )
    op.create_index("ix_refund_input_refund_id", "refund_input", ["refund_id"])
