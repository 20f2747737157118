"""Payers' own names of their payments (x402's `payment-identifier`, Idempotency-Key)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_identifier",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("identifier"),
    )
    op.create_index("ix_payment_identifier_payment_id", "payment_identifier", ["payment_id"])
