"""Stands for the migration that main brings, until both are merged."""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    return
