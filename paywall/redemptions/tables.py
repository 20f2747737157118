"""Rows of the redemptions, and of the holder proofs that were used."""

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


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
    #: SHA-256 of the request as asked, in hex: the same key with another body is refused, the burn's leaf binds it
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
