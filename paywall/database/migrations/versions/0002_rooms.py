"""Rooms: what rails keep of a payment is theirs."""

import base64
import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    upgrade_payments()


def upgrade_payments() -> None:
    """payment: `transaction`, `expiry_slot`, `output_index` and `tx_hash` become one document of the rail's.

    Rows in `settling` are settled by the new code from that document: it holds all that the columns did. The
    hash was the external id already.
    """
    op.add_column("payment", sa.Column("rail_state", sa.String(), nullable=True))
    _write_rail_states()
    with op.batch_alter_table("payment") as payment:
        payment.drop_constraint("uq_payment_output", type_="unique")
        payment.alter_column("rail_state", existing_type=sa.String(), nullable=False)
        for column in ("tx_hash", "output_index", "transaction", "expiry_slot"):
            payment.drop_column(column)


def _write_rail_states() -> None:
    columns = ("id", "transaction", "expiry_slot", "output_index", "rail_state")
    payment = sa.table("payment", *(sa.column(name) for name in columns))
    connection = op.get_bind()
    last = ""
    while True:
        rows = connection.execute(
            sa.select(payment).where(payment.c.id > last).order_by(payment.c.id).limit(500)
        ).all()
        if not rows:
            return
        for row in rows:
            state = {
                "transaction": None
                if row.transaction is None
                else base64.b64encode(row.transaction).decode(),
                "expirySlot": row.expiry_slot,
                "outputIndex": row.output_index,
            }
            written = json.dumps(state, separators=(",", ":"))
            connection.execute(sa.update(payment).where(payment.c.id == row.id).values(rail_state=written))
        last = rows[-1].id
