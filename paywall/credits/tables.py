"""Rows of the credits: accounts with their buckets, immutable postings, redemptions, used holder proofs."""

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
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


class RedemptionRow(SQLModel, table=True):
    __tablename__ = "redemption"
    __table_args__ = (
        # Invariant 8: same key, same answer, one effect.
        UniqueConstraint("account_id", "idempotency_key", name="uq_redemption_key"),
        Index("ix_redemption_state", "state", "deadline"),
        CheckConstraint("state IN ('reserved', 'captured', 'released')", name="ck_redemption_state"),
    )
    id: str = Field(primary_key=True)
    #: no foreign key: the reservation's UPDATE on the account is the check, and it can say why
    account_id: str
    idempotency_key: str
    #: SHA-256 of the subject: the same key with another body is refused
    request_hash: str
    subject_kind: str
    subject_text: str
    state: str = "reserved"
    #: counts the reservations; the number makes each one's postings unique
    attempt: int = 1
    #: a reservation that outlived this was left by a crash, and is released
    deadline: int = Field(sa_type=BigInteger)
    #: the final refusal that is replayed under the same key
    refusal: str | None = None
    image_id: str | None = None
    image_sha256: str | None = None
    image_type: str | None = None
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class HolderProofRow(SQLModel, table=True):
    """A DPoP proof that was used; it counts once (RFC 9449 section 11.1)."""

    __tablename__ = "holder_proof"
    thumbprint: str = Field(primary_key=True)
    jti: str = Field(primary_key=True)
    expires_at: int = Field(sa_type=BigInteger, index=True)
