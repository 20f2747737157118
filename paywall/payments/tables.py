"""Rows of the payments: payments and receipts."""

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class PaymentRow(SQLModel, table=True):
    """A payment proof that somebody claimed. `external_id` is the rail's own id (Cardano: the transaction)."""

    __tablename__ = "payment"
    __table_args__ = (
        # Invariant 6: one proof pays one payment request.
        UniqueConstraint("rail", "external_id", name="uq_payment_external"),
        UniqueConstraint("tx_hash", "output_index", name="uq_payment_output"),
        # One payment at a time may settle a request; others are refused or kept as surplus.
        Index(
            "uq_payment_settling",
            "payment_request_id",
            unique=True,
            sqlite_where=text("state IN ('settling', 'settled')"),
            postgresql_where=text("state IN ('settling', 'settled')"),
        ),
        Index("ix_payment_state", "state"),
        CheckConstraint("state IN ('settling', 'settled', 'surplus', 'failed')", name="ck_payment_state"),
    )
    id: str = Field(primary_key=True)
    payment_request_id: str = Field(foreign_key="payment_request.id")
    rail: str
    external_id: str
    tx_hash: str | None = None
    output_index: int | None = None
    option_id: str
    payer: str
    amount: int = Field(sa_type=BigInteger)
    #: the signed bytes that we submit, when the payer left that to us
    transaction: bytes | None = Field(default=None, sa_type=LargeBinary)
    expiry_slot: int | None = Field(default=None, sa_type=BigInteger)
    state: str
    #: how often it was tried to settle it, since it was claimed
    tries: int = 0
    #: why a surplus or failed payment is one
    reason: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class ReceiptRow(SQLModel, table=True):
    __tablename__ = "receipt"
    #: urn:uuid, the receipt's jti and the credit account's id
    id: str = Field(primary_key=True)
    payment_request_id: str = Field(foreign_key="payment_request.id", unique=True)
    payment_id: str = Field(foreign_key="payment.id", unique=True)
    payer: str
    token: str
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
