"""Which process fulfils a redemption: what a dead one left can be taken up at once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("redemption", sa.Column("process", sa.Integer(), nullable=True))
