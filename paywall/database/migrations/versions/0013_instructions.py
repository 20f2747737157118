"""What payers are told beyond the option is kept: one thing a payment request and option."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_instructions",
        sa.Column("payment_request_id", sa.String(), nullable=False),
        sa.Column("option_id", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["payment_request_id"], ["payment_request.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("payment_request_id", "option_id"),
    )
