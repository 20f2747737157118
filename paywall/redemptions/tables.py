"""Rows of the redemptions, and of the holder proofs that were used."""

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class RedemptionRow(SQLModel, table=True):
    """One use of a resource. What only one kind of resource needs stands in a table of its own room."""

    __tablename__ = "redemption"
    __table_args__ = (
        # Invariant 8: same key, same answer, one effect.
        UniqueConstraint("account_id", "idempotency_key", name="uq_redemption_key"),
        Index("uq_redemption_delivery", "delivery", unique=True),
        Index(
            "ix_redemption_reserved",
            "deadline",
            sqlite_where=text("state = 'reserved'"),
            postgresql_where=text("state = 'reserved'"),
        ),
        CheckConstraint("state IN ('reserved', 'captured', 'released')", name="ck_redemption_state"),
        CheckConstraint("quantity > 0", name="ck_redemption_quantity"),
    )
    id: str = Field(primary_key=True)
    #: no foreign key: the reservation's UPDATE on the account is the check, and it can say why
    account_id: str
    idempotency_key: str
    resource: str
    #: canonical JSON of the request as it was asked, without the receipt
    request: str
    #: JSON object: the same with every choice made, as the fulfilment performs it
    document: str
    #: SHA-256 of the request as asked, in hex: the same key with another body is refused, the burn's leaf binds it
    request_hash: str
    #: credits that the use costs, and tokens that it burns
    quantity: int = Field(sa_type=BigInteger)
    #: whether the payment request promised a burn for each credit
    owes_burn: bool
    state: str = "reserved"
    #: counts the reservations; the number makes each one's postings unique
    attempt: int = 1
    #: the number of the process that fulfils it (`database/liveness.py`)
    process: int | None = None
    #: a reservation that outlived this was left by a crash, and is released
    deadline: int = Field(sa_type=BigInteger)
    #: the final refusal that is replayed under the same key
    refusal: str | None = None
    #: where the delivery is kept; it cannot be guessed, and is the key to it
    delivery: str | None = None
    media_type: str | None = None
    #: of the delivery's body, hex
    sha256: str | None = None
    #: what a quick resource delivered; null where the resource keeps its own
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class HolderProofRow(SQLModel, table=True):
    """A DPoP proof that was used; it counts once (RFC 9449 section 11.1).

    `expires_at` is fixed by the proof's own `iat`. It is in the key, and first: those of one second stand on few pages.
    """

    __tablename__ = "holder_proof"
    __table_args__ = {"sqlite_with_rowid": False}
    expires_at: int = Field(sa_type=BigInteger, primary_key=True)
    #: 16 bytes of the SHA-256 of the holder's key and the proof's `jti` (`holder_proofs.mark`)
    mark: bytes = Field(sa_type=LargeBinary, primary_key=True)
