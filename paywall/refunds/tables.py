"""Rows of the refunds: credits that were given back for their money, and what that money is sent back by."""

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

_OPEN = text("state IN ('due', 'sending')")


class RefundRow(SQLModel, table=True):
    """Some credits of an account and their money. `amount` is in the payment's own minor units.

    due → sending → sent; sending → due again when what was sent can never arrive. A person sends what is `by_hand`.
    """

    __tablename__ = "refund"
    __table_args__ = (
        # One refund for each key, however often it is asked for.
        UniqueConstraint("account_id", "idempotency_key", name="uq_refund_key"),
        Index("ix_refund_open", "updated_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("state IN ('due', 'sending', 'sent', 'by_hand')", name="ck_refund_state"),
        CheckConstraint("credits > 0 AND amount > 0", name="ck_refund_sign"),
        CheckConstraint(
            "state <> 'sending' OR (external_id IS NOT NULL AND rail_state IS NOT NULL)",
            name="ck_refund_draft",
        ),
    )
    id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="credit_account.id")
    payment_id: str = Field(foreign_key="payment.id", index=True)
    rail: str
    option_id: str
    idempotency_key: str
    credits: int = Field(sa_type=BigInteger)
    amount: int = Field(sa_type=BigInteger)
    currency: str
    decimals: int
    state: str
    #: the rail's own id of what the money is sent back by, and the rail's document of it
    external_id: str | None = None
    rail_state: str | None = None
    #: what arrives there: the amount, less what the network takes
    returned: int | None = Field(default=None, sa_type=BigInteger)
    #: how many drafts were made, and how often it was tried to send the last one
    drafts: int = 0
    tries: int = 0
    #: why a person is to send it, or why the last draft never arrived
    reason: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class RefundInputRow(SQLModel, table=True):
    """What a refund spends while it is sent: one of them at a time may be promised the same money."""

    __tablename__ = "refund_input"
    rail: str = Field(primary_key=True)
    #: as the rail names it
    input: str = Field(primary_key=True)
    refund_id: str = Field(foreign_key="refund.id", index=True)
