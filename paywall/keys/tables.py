"""Rows of the keys that the seller signed tokens with."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class SellerKeyRow(SQLModel, table=True):
    """The public part of a key that signed tokens; `retired_at` is when another one took over."""

    __tablename__ = "seller_key"
    did: str = Field(primary_key=True)
    since: int = Field(sa_type=BigInteger)
    retired_at: int | None = Field(default=None, sa_type=BigInteger)
