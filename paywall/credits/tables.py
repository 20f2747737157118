"""Rows of the credits: accounts with their buckets, immutable postings."""

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field, SQLModel


class CreditAccountRow(SQLModel, table=True):
    """The credits that one receipt opened. Each bucket is the sum of the account's postings to it."""

    __tablename__ = "credit_account"
    __table_args__ = (
        CheckConstraint(
            "granted = available + reserved + captured + expired + revoked", name="ck_credit_account_sum"
        ),
        CheckConstraint(
            "granted >= 0 AND available >= 0 AND reserved >= 0 AND captured >= 0 AND expired >= 0 AND revoked >= 0",
            name="ck_credit_account_sign",
        ),
    )
    id: str = Field(primary_key=True)
    product: str
    granted: int = Field(sa_type=BigInteger)
    available: int = Field(sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)
    captured: int = Field(default=0, sa_type=BigInteger)
    expired: int = Field(default=0, sa_type=BigInteger)
    revoked: int = Field(default=0, sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger, index=True)


class PostingRow(SQLModel, table=True):
    """One side of a transfer; the sides of a transfer sum to zero. Never changed, never deleted."""

    __tablename__ = "posting"
    #: "<what>:<of which>[:<attempt>]": the unique key that makes a transfer happen once
    transfer: str = Field(primary_key=True)
    bucket: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="credit_account.id")
    amount: int = Field(sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
