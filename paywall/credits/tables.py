"""Rows of the credits: accounts with their buckets, immutable postings."""

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel


class CreditAccountRow(SQLModel, table=True):
    """The credits that one paid request opened. Each bucket is the sum of the account's postings to it."""

    __tablename__ = "credit_account"
    __table_args__ = (
        # Two receipts in one place would be revoked as one.
        Index("uq_credit_account_status", "status_index", unique=True),
        Index(
            "ix_credit_account_revoked",
            "status_index",
            sqlite_where=text("revoked_by IS NOT NULL"),
            postgresql_where=text("revoked_by IS NOT NULL"),
        ),
        CheckConstraint(
            "granted = available + reserved + captured + expired + revoked + moved",
            name="ck_credit_account_sum",
        ),
        CheckConstraint(
            "granted >= 0 AND available >= 0 AND reserved >= 0 AND captured >= 0 AND expired >= 0 AND revoked >= 0"
            " AND moved >= 0",
            name="ck_credit_account_sign",
        ),
        # A bearer's account is whoever's shows the receipt: it names nobody.
        CheckConstraint(
            "(owner_kind = 'bearer' AND owner IS NULL) OR (owner_kind IN ('holder', 'user') AND owner IS NOT NULL)",
            name="ck_credit_account_owner",
        ),
    )
    #: of an account that a receipt opened: the receipt's id (`accounts.account_of`)
    id: str = Field(primary_key=True)
    owner_kind: str
    #: the holder's DID, or the id of a user account
    owner: str | None = None
    product: str
    granted: int = Field(sa_type=BigInteger)
    available: int = Field(sa_type=BigInteger)
    reserved: int = Field(default=0, sa_type=BigInteger)
    captured: int = Field(default=0, sa_type=BigInteger)
    expired: int = Field(default=0, sa_type=BigInteger)
    revoked: int = Field(default=0, sa_type=BigInteger)
    #: given to another account
    moved: int = Field(default=0, sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger, index=True)
    #: the payment that was undone, or "operator": nothing on the account can be used any more
    revoked_by: str | None = None
    #: the receipt's place in the status lists: list `index // LIST_LENGTH`, bit `index % LIST_LENGTH`
    status_index: int | None = Field(default=None, sa_type=BigInteger)


class PostingRow(SQLModel, table=True):
    """A transfer with both its sides: `amount` left the one bucket for the other. Never changed, never deleted."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount > 0 AND source <> target", name="ck_posting_sides"),
        {"sqlite_with_rowid": False},
    )
    #: "<what>:<of which>[:<attempt>]": the unique key that makes a transfer happen once
    transfer: str = Field(primary_key=True)
    #: the buckets
    source: str
    target: str
    account_id: str = Field(foreign_key="credit_account.id")
    amount: int = Field(sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
