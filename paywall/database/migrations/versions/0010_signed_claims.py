"""A payment says whether its payer signed the claim. Before, nearly all did: the others are held to the same."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "payment", sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.text("true"))
    )
