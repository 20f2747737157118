"""Receipts that the operator revoked, and the places of receipts in the status lists."""

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
