"""Payments are watched until they are final and may be reversed; what they spend; unpaid requests by their end."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WATCHED = sa.text("state = 'settled' AND final_at IS NULL")
UNPAID = sa.text("state = 'open'")


def upgrade() -> None:
    upgrade_payments()
    upgrade_requests()
    op.add_column("credit_account", sa.Column("revoked_by", sa.String(), nullable=True))


def upgrade_payments() -> None:
    """What was settled before is watched too: it is final at the first look where it is deep enough."""
    op.add_column("payment", sa.Column("final_at", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("payment") as payment:
        payment.drop_constraint("ck_payment_state", type_="check")
        payment.create_check_constraint(
            "ck_payment_state",
            sa.text("state IN ('settling', 'settled', 'surplus', 'failed', 'reversed')"),
        )
    op.create_index(
        "ix_payment_watched",
        "payment",
        ["updated_at"],
        sqlite_where=WATCHED,
        postgresql_where=WATCHED,
    )
    op.create_table(
        "payment_input",
        sa.Column("rail", sa.String(), nullable=False),
        sa.Column("input", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("rail", "input"),
    )
    op.create_index("ix_payment_input_payment_id", "payment_input", ["payment_id"])


def upgrade_requests() -> None:
    with op.batch_alter_table("payment_request") as request:
        request.drop_constraint("ck_payment_request_state", type_="check")
        request.create_check_constraint(
            "ck_payment_request_state",
            sa.text("state IN ('open', 'settling', 'paid', 'reversed', 'forgotten')"),
        )
    op.create_index(
        "ix_payment_request_unpaid",
        "payment_request",
        ["expires_at"],
        sqlite_where=UNPAID,
        postgresql_where=UNPAID,
    )
