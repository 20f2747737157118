"""Rows of the gifts: credits that went from one receipt to a new one of another holder."""

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel


class GiftRow(SQLModel, table=True):
    """Some credits of an account, and the receipt that they are on since. `receipt` has those that were paid for."""

    __tablename__ = "gift"
    __table_args__ = (
        # One gift for each key, however often it is asked for. The account's own come first in it: they are looked up.
        UniqueConstraint("account_id", "idempotency_key", name="uq_gift_key"),
        CheckConstraint("credits > 0", name="ck_gift_credits"),
    )
    id: str = Field(primary_key=True)
    #: the giver's
    account_id: str = Field(foreign_key="credit_account.id")
    idempotency_key: str
    credits: int = Field(sa_type=BigInteger)
    #: the receiver's DID
    holder: str
    #: the new receipt, which is the new account's id; no foreign key: this row comes first, for its key decides
    receipt_id: str = Field(unique=True)
    #: what paid for the credits, through however many hands they went
    payment_id: str = Field(foreign_key="payment.id", index=True)
    token: str
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)
