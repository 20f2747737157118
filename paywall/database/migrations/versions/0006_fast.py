"""One row for both sides of a posting; an index of what is reserved alone; deliveries of quick resources."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

RESERVED = sa.text("state = 'reserved'")


def upgrade() -> None:
    upgrade_postings()
    op.drop_index("ix_redemption_state", "redemption")
    op.create_index(
        "ix_redemption_reserved",
        "redemption",
        ["deadline"],
        sqlite_where=RESERVED,
        postgresql_where=RESERVED,
    )
    op.create_table(
        "delivery",
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reference"),
    )


def upgrade_postings() -> None:
    op.rename_table("posting", "posting_side")
    op.create_table(
        "posting",
        sa.Column("transfer", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0 AND source <> target", name="ck_posting_sides"),
        sa.ForeignKeyConstraint(["account_id"], ["credit_account.id"]),
        sa.PrimaryKeyConstraint("transfer"),
    )
    op.execute("""INSERT INTO posting (transfer, source, target, account_id, amount, created_at)
        SELECT s.transfer, s.bucket, t.bucket, s.account_id, t.amount, s.created_at
        FROM posting_side s JOIN posting_side t ON t.transfer = s.transfer AND t.account_id = s.account_id
        WHERE s.amount < 0 AND t.amount = -s.amount""")
    connection = op.get_bind()
    sides, both = (
        connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608  no input of anybody's
        for table in ("posting_side", "posting")
    )
    if sides != 2 * both:
        raise RuntimeError(
            "a posting has not two sides that sum to zero; run the old version's `paywall reconcile`"
        )
    op.drop_table("posting_side")
