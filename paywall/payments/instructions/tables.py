"""Rows of what payers were told."""

from sqlalchemy import BigInteger, Column, ForeignKey, String
from sqlmodel import Field, SQLModel


class InstructionsRow(SQLModel, table=True):
    """What the payer of an option was told, once and for all: one thing a payment request and option.

    It goes with its payment request when that is forgotten. Times in Unix seconds.
    """

    __tablename__ = "payment_instructions"
    payment_request_id: str = Field(
        sa_column=Column(String, ForeignKey("payment_request.id", ondelete="CASCADE"), primary_key=True)
    )
    option_id: str = Field(primary_key=True)
    #: the rail's own members, in JSON
    payload: str
    expires_at: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
