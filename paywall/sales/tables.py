"""Rows of the sale: payment requests."""

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel


class PaymentRequestRow(SQLModel, table=True):
    """A payment request that was signed. Times in Unix seconds, `price` in minor units of `currency`."""

    __tablename__ = "payment_request"
    __table_args__ = (
        CheckConstraint("credits > 0", name="ck_payment_request_credits"),
        CheckConstraint("price > 0", name="ck_payment_request_price"),
        CheckConstraint(
            "state IN ('open', 'settling', 'paid', 'reversed', 'forgotten')", name="ck_payment_request_state"
        ),
        Index(
            "ix_payment_request_unpaid",
            "expires_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )
    id: str = Field(primary_key=True)
    #: the signed PRT, to the letter: stored before the 402 is sent
    token: str
    product: str
    credits: int = Field(sa_type=BigInteger)
    price: int = Field(sa_type=BigInteger)
    currency: str
    holder: str | None = None
    state: str = "open"
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
