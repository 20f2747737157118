"""Burns carry a quantity and what binds their leaf; batches the sum of their tokens and their tree's version."""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: rows whose commitments are computed at once
CHUNK = 1000


def upgrade() -> None:
    upgrade_burns()


def upgrade_burns() -> None:
    """Every old burn was of one token. Waiting ones go into sum trees; batches that were closed keep their root."""
    with op.batch_alter_table("burn") as table:
        table.add_column(sa.Column("commitment", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("quantity", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("burn_batch") as table:
        table.add_column(sa.Column("version", sa.Integer(), nullable=True))
        table.add_column(sa.Column("quantity", sa.BigInteger(), nullable=True))
    op.execute("UPDATE burn SET quantity = 1")
    op.execute("UPDATE burn_batch SET version = 1, quantity = size")
    _bind_burns()
    with op.batch_alter_table("burn") as table:
        table.alter_column("commitment", existing_type=sa.LargeBinary(), nullable=False)
        table.alter_column("quantity", existing_type=sa.BigInteger(), nullable=False)
        table.create_check_constraint("ck_burn_quantity", "quantity > 0")
        table.create_check_constraint("ck_burn_commitment", "length(commitment) = 32")
    # Made anew, a SQLite table keeps only the checks that are named here.
    checks = (
        sa.CheckConstraint("size > 0", name="ck_burn_batch_size"),
        sa.CheckConstraint(
            "state IN ('open', 'signed', 'submitted', 'seen', 'lost', 'confirmed', 'parked')",
            name="ck_burn_batch_state",
        ),
    )
    with op.batch_alter_table("burn_batch", table_args=checks) as table:
        table.alter_column("version", existing_type=sa.Integer(), nullable=False)
        table.alter_column("quantity", existing_type=sa.BigInteger(), nullable=False)
        table.create_check_constraint("ck_burn_batch_quantity", "quantity >= size")


def _bind_burns() -> None:
    """The commitment of each burn, from its redemption, whose account has the id of the receipt."""
    connection = op.get_bind()
    unbound = sa.text(
        "SELECT r.id, r.account_id, r.request_hash, r.idempotency_key FROM burn b"
        " JOIN redemption r ON r.id = b.redemption_id WHERE b.commitment IS NULL ORDER BY r.id LIMIT :chunk"
    )
    bind = sa.text("UPDATE burn SET commitment = :commitment WHERE redemption_id = :id")
    while rows := connection.execute(unbound, {"chunk": CHUNK}).all():
        connection.execute(bind, [{"id": row[0], "commitment": _commitment(*row)} for row in rows])


def _commitment(redemption_id: str, receipt_id: str, request_hash: str, idempotency_key: str) -> bytes:
    """As version 2 of the leaf has it; written out, for a migration does not change with the code."""
    fields = (
        b"paywall redemption v2",
        receipt_id.encode(),
        redemption_id.encode(),
        bytes.fromhex(request_hash),
        idempotency_key.encode(),
    )
    return sha256(b"".join(len(field).to_bytes(4, "big") + field for field in fields)).digest()
