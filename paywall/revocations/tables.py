"""Rows of the revocations: receipts that the operator revoked, and how many places the status lists have given."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class RevocationRow(SQLModel, table=True):
    """A receipt that the operator revoked, once and for good."""

    __tablename__ = "revocation"
    receipt_id: str = Field(primary_key=True, foreign_key="credit_account.id")
    reason: str | None = None
    created_at: int = Field(sa_type=BigInteger)


class StatusPlacesRow(SQLModel, table=True):
    """One row: the first place in the status lists that no process has taken yet."""

    __tablename__ = "status_places"
    id: int = Field(primary_key=True)
    next: int = Field(sa_type=BigInteger)
