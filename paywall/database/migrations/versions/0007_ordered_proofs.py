"""Used holder proofs in the order of time: a use appends to one index instead of writing somewhere in two."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holder_proof_ordered",
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("thumbprint", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("expires_at", "thumbprint", "jti"),
    )
    # What was used before the upgrade is not to be used again after it, nor what others use meanwhile.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("LOCK TABLE holder_proof IN ACCESS EXCLUSIVE MODE")
    op.execute("""INSERT INTO holder_proof_ordered (expires_at, thumbprint, jti)
        SELECT expires_at, thumbprint, jti FROM holder_proof""")
    op.drop_table("holder_proof")
    op.rename_table("holder_proof_ordered", "holder_proof")
