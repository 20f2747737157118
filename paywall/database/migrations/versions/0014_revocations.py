"""Receipts that the operator revoked, the places of receipts in the status lists, and credits that are given away."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

REVOKED = sa.text("revoked_by IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "revocation",
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["credit_account.id"]),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_table(
        "status_places",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("credit_account", sa.Column("status_index", sa.BigInteger(), nullable=True))
    op.create_index("uq_credit_account_status", "credit_account", ["status_index"], unique=True)
    op.create_index(
        "ix_credit_account_revoked",
        "credit_account",
        ["status_index"],
        sqlite_where=REVOKED,
        postgresql_where=REVOKED,
    )
    op.create_table(
        "gift",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("credits > 0", name="ck_gift_credits"),
        sa.ForeignKeyConstraint(["account_id"], ["credit_account.id"]),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "idempotency_key", name="uq_gift_key"),
        sa.UniqueConstraint("receipt_id"),
    )
    op.create_index("ix_gift_payment_id", "gift", ["payment_id"])
