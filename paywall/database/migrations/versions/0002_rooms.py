"""Redemptions of any resource, owned and movable credits, rail-owned payment state, burns with quantities."""

import base64
import json
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
    upgrade_credits()
    upgrade_redemptions()
    upgrade_payments()
    upgrade_burns()


def _checked(table: str, **checks: str) -> None:
    """Set CHECK constraints anew, in the place of those of their names."""
    present = {check["name"] for check in sa.inspect(op.get_bind()).get_check_constraints(table)}
    with op.batch_alter_table(table) as batch:
        for name, condition in checks.items():
            if name in present:
                batch.drop_constraint(name, type_="check")
            batch.create_check_constraint(name, sa.text(condition))


def upgrade_credits() -> None:
    op.add_column("credit_account", sa.Column("moved", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column(
        "credit_account", sa.Column("owner_kind", sa.String(), nullable=False, server_default="bearer")
    )
    op.add_column("credit_account", sa.Column("owner", sa.String(), nullable=True))
    holder = """SELECT q.holder FROM receipt r JOIN payment_request q ON q.id = r.payment_request_id
        WHERE r.id = credit_account.id"""
    op.execute(f"UPDATE credit_account SET owner = ({holder})")  # noqa: S608  no input of anybody's
    op.execute("UPDATE credit_account SET owner_kind = 'holder' WHERE owner IS NOT NULL")
    with op.batch_alter_table("credit_account") as batch:
        batch.alter_column(
            "moved", server_default=None, existing_type=sa.BigInteger(), existing_nullable=False
        )
        batch.alter_column(
            "owner_kind", server_default=None, existing_type=sa.String(), existing_nullable=False
        )
    _checked(
        "credit_account",
        ck_credit_account_sum="granted = available + reserved + captured + expired + revoked + moved",
        ck_credit_account_sign="granted >= 0 AND available >= 0 AND reserved >= 0 AND captured >= 0"
        " AND expired >= 0 AND revoked >= 0 AND moved >= 0",
        ck_credit_account_owner="(owner_kind = 'bearer' AND owner IS NULL)"
        " OR (owner_kind IN ('holder', 'user') AND owner IS NOT NULL)",
    )


def upgrade_redemptions() -> None:
    op.create_table(
        "image",
        sa.Column("redemption_id", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"]),
        sa.PrimaryKeyConstraint("redemption_id"),
        sqlite_with_rowid=False,
    )
    op.execute("""INSERT INTO image (redemption_id, subject_kind, subject_text)
        SELECT id, subject_kind, subject_text FROM redemption WHERE image_id IS NOT NULL""")
    for column in (
        sa.Column("resource", sa.String(), nullable=False, server_default="images"),
        sa.Column("request", sa.String(), nullable=False, server_default="{}"),
        sa.Column("document", sa.String(), nullable=False, server_default="{}"),
        sa.Column("quantity", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("owes_burn", sa.Boolean(), nullable=False, server_default=sa.true()),
    ):
        op.add_column("redemption", column)
    _write_requests()
    with op.batch_alter_table("redemption") as batch:
        batch.alter_column("image_id", new_column_name="delivery", existing_type=sa.String())
        batch.alter_column("image_sha256", new_column_name="sha256", existing_type=sa.String())
        batch.alter_column("image_type", new_column_name="media_type", existing_type=sa.String())
        batch.drop_column("subject_kind")
        batch.drop_column("subject_text")
        for name, kind in (
            ("resource", sa.String()),
            ("request", sa.String()),
            ("document", sa.String()),
            ("quantity", sa.BigInteger()),
            ("owes_burn", sa.Boolean()),
        ):
            batch.alter_column(name, server_default=None, existing_type=kind, existing_nullable=False)
    _checked(
        "redemption",
        ck_redemption_quantity="quantity > 0",
    )
    op.create_index("uq_redemption_delivery", "redemption", ["delivery"], unique=True)


def _write_requests() -> None:
    """The subject of each redemption as what was performed; as what was asked, too, when its hash says so."""
    redemption = sa.table(
        "redemption",
        *(
            sa.column(name)
            for name in ("id", "request", "document", "request_hash", "subject_kind", "subject_text")
        ),
    )
    bind, last = op.get_bind(), ""
    while rows := bind.execute(
        sa.select(
            redemption.c.id, redemption.c.subject_kind, redemption.c.subject_text, redemption.c.request_hash
        )
        .where(redemption.c.id > last)
        .order_by(redemption.c.id)
        .limit(CHUNK)
    ).all():
        changes = [_asked_and_performed(*row) for row in rows]
        bind.execute(
            redemption.update()
            .where(redemption.c.id == sa.bindparam("which"))
            .values(request=sa.bindparam("asked"), document=sa.bindparam("performed")),
            changes,
        )
        last = rows[-1][0]


def _asked_and_performed(redemption_id: str, kind: str, text: str, request_hash: str) -> dict[str, str]:
    """Who asked for nothing in particular got a name by chance, and asked in the words of an empty object."""
    document = json.dumps({kind: text}, separators=(",", ":"), ensure_ascii=False)
    asked = "{}" if sha256(b"{}").hexdigest() == request_hash else document
    return {"which": redemption_id, "asked": asked, "performed": document}


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
    with op.batch_alter_table("burn_batch") as table:
        table.alter_column("version", existing_type=sa.Integer(), nullable=False)
        table.alter_column("quantity", existing_type=sa.BigInteger(), nullable=False)
        table.create_check_constraint("ck_burn_batch_quantity", "quantity >= size")


def _bind_burns() -> None:
    """The commitment of each burn, from its redemption, whose account has the id of the receipt."""
    connection = op.get_bind()
    unbound = sa.text(
        "SELECT r.id, r.account_id, r.request_hash, r.idempotency_key FROM burn b"
        " JOIN redemption r ON r.id = b.redemption_id WHERE r.id > :last ORDER BY r.id LIMIT :chunk"
    )
    bind = sa.text("UPDATE burn SET commitment = :commitment WHERE redemption_id = :id")
    last = ""
    while rows := connection.execute(unbound, {"chunk": CHUNK, "last": last}).all():
        connection.execute(bind, [{"id": row[0], "commitment": _commitment(*row)} for row in rows])
        last = rows[-1][0]


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
