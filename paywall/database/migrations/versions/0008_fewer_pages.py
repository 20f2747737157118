"""Fewer pages a commit: no row that says again what another says, and rows within the tree of their key.

What a picture shows stands in its redemption's document; a quick resource's delivery stands in its redemption's row; a
used proof is a mark of 16 bytes; a burn that waits is in no batch's index.
"""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IN_A_BATCH = sa.text("batch_id IS NOT NULL")
WAITING = sa.text("batch_id IS NULL")
#: used proofs that are in memory at once
PART = 10_000
MARKS = """INSERT INTO holder_proof_marked (expires_at, mark)
    SELECT expires_at, substring(sha256(convert_to(length(thumbprint) || ' ' || thumbprint || jti, 'UTF8')) FOR 16)
    FROM holder_proof"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # What is used before the upgrade is not to be used again after it, nor what others use meanwhile. In the order
        # of a use, which has its proof before its redemption: in another, the two would wait for each other.
        op.execute("LOCK TABLE holder_proof, redemption, delivery, image, burn IN ACCESS EXCLUSIVE MODE")
    op.drop_table("image")
    op.add_column("redemption", sa.Column("body", sa.LargeBinary(), nullable=True))
    op.execute("""UPDATE redemption SET body = delivery.body FROM delivery
        WHERE delivery.reference = redemption.delivery""")
    op.drop_table("delivery")
    upgrade_holder_proofs()
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("uq_burn_leaf", "burn")
    else:
        # There a table stands beside its primary key's tree, unless it is told to stand in it.
        upgrade_sqlite_postings()
        upgrade_sqlite_burns()
    op.create_index(
        "uq_burn_leaf",
        "burn",
        ["batch_id", "leaf_index"],
        unique=True,
        sqlite_where=IN_A_BATCH,
        postgresql_where=IN_A_BATCH,
    )


def upgrade_holder_proofs() -> None:
    connection = op.get_bind()
    marked = op.create_table(
        "holder_proof_marked",
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("expires_at", "mark"),
        sqlite_with_rowid=False,
    )
    if connection.dialect.name == "postgresql":
        op.execute(MARKS)
    else:
        used = connection.execute(sa.text("SELECT expires_at, thumbprint, jti FROM holder_proof"))
        for part in used.partitions(PART):
            op.bulk_insert(
                marked,
                [
                    {"expires_at": until, "mark": sha256(f"{len(key)} {key}{jti}".encode()).digest()[:16]}
                    for until, key, jti in part
                ],
            )
    op.drop_table("holder_proof")
    op.rename_table("holder_proof_marked", "holder_proof")


def upgrade_sqlite_postings() -> None:
    op.create_table(
        "posting_in_key",
        sa.Column("transfer", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0 AND source <> target", name="ck_posting_sides"),
        sa.ForeignKeyConstraint(["account_id"], ["credit_account.id"]),
        sa.PrimaryKeyConstraint("transfer"),
        sqlite_with_rowid=False,
    )
    replace("posting", "transfer, source, target, account_id, amount, created_at", in_the_order_of="transfer")


def upgrade_sqlite_burns() -> None:
    op.create_table(
        "burn_in_key",
        sa.Column("redemption_id", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("leaf_index", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_burn_quantity"),
        sa.CheckConstraint("length(commitment) = 32", name="ck_burn_commitment"),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"]),
        sa.ForeignKeyConstraint(["batch_id"], ["burn_batch.id"]),
        sa.PrimaryKeyConstraint("redemption_id"),
        sqlite_with_rowid=False,
    )
    replace(
        "burn",
        "redemption_id, salt, commitment, quantity, batch_id, leaf_index, created_at",
        in_the_order_of="redemption_id",
    )
    op.create_index("ix_burn_waiting", "burn", ["created_at"], sqlite_where=WAITING, postgresql_where=WAITING)


def replace(table: str, columns: str, *, in_the_order_of: str) -> None:
    """The rows of `table` into `<table>_in_key`, which takes its name."""
    op.execute(
        f"INSERT INTO {table}_in_key ({columns})"  # noqa: S608  no input of anybody's
        f" SELECT {columns} FROM {table} ORDER BY {in_the_order_of}"
    )
    op.drop_table(table)
    op.rename_table(f"{table}_in_key", table)
