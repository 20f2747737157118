"""Rows of the payments: payments and receipts."""

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class PaymentRow(SQLModel, table=True):
    """A payment that somebody claimed. `external_id` is the rail's own id of it."""

    __tablename__ = "payment"
    __table_args__ = (
        # Invariant 6: one payment pays one payment request. The pair suffices, because a rail's id of a payment
        # is not something that a payer may spell or choose: on Cardano it is the hash of the transaction's own
        # body, computed by us from the bytes, so the same money has the same id whether it was shown by hash or
        # by bytes, and whichever of its outputs pays us.
        UniqueConstraint("rail", "external_id", name="uq_payment_external"),
        # One payment at a time may settle a request; others are refused or kept as surplus.
        Index(
            "uq_payment_settling",
            "payment_request_id",
            unique=True,
            sqlite_where=text("state IN ('settling', 'settled')"),
            postgresql_where=text("state IN ('settling', 'settled')"),
        ),
        Index("ix_payment_state", "state"),
        Index(
            "ix_payment_watched",
            "updated_at",
            sqlite_where=text("state = 'settled' AND final_at IS NULL"),
            postgresql_where=text("state = 'settled' AND final_at IS NULL"),
        ),
        CheckConstraint(
            "state IN ('settling', 'settled', 'surplus', 'failed', 'reversed')", name="ck_payment_state"
        ),
    )
    id: str = Field(primary_key=True)
    payment_request_id: str = Field(foreign_key="payment_request.id")
    rail: str
    external_id: str
    option_id: str
    payer: str
    #: whether its payer signed the claim; else the payment itself was all that was shown
    signed: bool = Field(sa_column_kwargs={"server_default": text("true")})
    amount: int = Field(sa_type=BigInteger)
    #: the rail's own document, in JSON: what it needs to settle the payment, read by nobody else
    rail_state: str
    state: str
    #: how often it was tried to settle it, since it was claimed
    tries: int = 0
    #: why a surplus, failed or reversed payment is one
    reason: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)
    #: when it was found that nothing can undo it any more; until then it is looked at
    final_at: int | None = Field(default=None, sa_type=BigInteger)


class PaymentIdentifierRow(SQLModel, table=True):
    """A payer's own name for what he wants to pay once, and the payment that it stands for."""

    __tablename__ = "payment_identifier"
    identifier: str = Field(primary_key=True)
    payment_id: str = Field(foreign_key="payment.id", index=True)


class PaymentInputRow(SQLModel, table=True):
    """What a payment spends while it settles: one payment at a time may be promised the same money."""

    __tablename__ = "payment_input"
    rail: str = Field(primary_key=True)
    #: as the rail names it
    input: str = Field(primary_key=True)
    payment_id: str = Field(foreign_key="payment.id", index=True)


class ReceiptRow(SQLModel, table=True):
    """A receipt that was issued, one for a payment and one for a payment request. Times in Unix seconds."""

    __tablename__ = "receipt"
    #: urn:uuid, the receipt's jti
    id: str = Field(primary_key=True)
    payment_request_id: str = Field(foreign_key="payment_request.id", unique=True)
    payment_id: str = Field(foreign_key="payment.id", unique=True)
    payer: str
    token: str
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
