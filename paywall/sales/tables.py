"""Rows of the sale: payment requests, and the terms that those of a second share."""

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel


class PaymentRequestRow(SQLModel, table=True):
    """A payment request that was signed. Times in Unix seconds, `price` in minor units of `currency`."""

    __tablename__ = "payment_request"
    __table_args__ = (
        # One that is open may be made of its terms and its signature; any other has its token.
        CheckConstraint(
            "token IS NOT NULL OR (state = 'open' AND terms_id IS NOT NULL AND signature IS NOT NULL)",
            name="ck_payment_request_token",
        ),
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
        {"sqlite_with_rowid": False},
    )
    id: str = Field(primary_key=True)
    #: the signed PRT, to the letter, once its payment is claimed. Before that it is made of terms and signature, which
    #: are stored before the 402 is sent: `sales.store.token_of`.
    token: str | None = None
    #: with `expires_at`, the key of its terms
    terms_id: bytes | None = None
    #: the last part of the token
    signature: str | None = None
    product: str
    credits: int = Field(sa_type=BigInteger)
    price: int = Field(sa_type=BigInteger)
    currency: str
    holder: str | None = None
    state: str = "open"
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)


class PaymentTermsRow(SQLModel, table=True):
    """What payment requests of one order and second share, as long as one of them is made of it.

    No foreign key: its check would go through all payment requests for each of these that is deleted.
    """

    __tablename__ = "payment_terms"
    __table_args__ = ({"sqlite_with_rowid": False},)
    expires_at: int = Field(sa_type=BigInteger, primary_key=True)
    id: bytes = Field(primary_key=True)
    #: for `prt.fill`
    claims: str
