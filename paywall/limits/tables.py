"""Rows of the rate limits, where several processes share one database."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class RateRow(SQLModel, table=True):
    """One client's bucket of one kind of call. It may be lost: the table is unlogged on PostgreSQL."""

    __tablename__ = "rate"
    client: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    #: microseconds since 1970: until when its calls fill the bucket; a past one is as good as none
    full_at: int = Field(sa_type=BigInteger)
