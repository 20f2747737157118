"""Rows of the burns: the duty, the batch that fulfils it, its transactions, and the custodial wallet's outputs."""

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class BurnRow(SQLModel, table=True):
    """The duty to destroy the tokens of one captured redemption; inserted in the capture's own commit."""

    __tablename__ = "burn"
    __table_args__ = (
        # Partial: a row of nothing for each burn that waits would be written and changed again.
        Index(
            "uq_burn_leaf",
            "batch_id",
            "leaf_index",
            unique=True,
            sqlite_where=text("batch_id IS NOT NULL"),
            postgresql_where=text("batch_id IS NOT NULL"),
        ),
        CheckConstraint("quantity > 0", name="ck_burn_quantity"),
        CheckConstraint("length(commitment) = 32", name="ck_burn_commitment"),
        Index(
            "ix_burn_waiting",
            "created_at",
            sqlite_where=text("batch_id IS NULL"),
            postgresql_where=text("batch_id IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    #: invariant 2: captured redemptions and burns are one to one
    redemption_id: str = Field(primary_key=True, foreign_key="redemption.id")
    #: blinds the leaf, so that the chain tells nothing about use
    salt: bytes = Field(sa_type=LargeBinary)
    #: what the leaf binds besides (`shared/redemption_commitment.py`): burns know nothing of redemptions
    commitment: bytes = Field(sa_type=LargeBinary)
    #: tokens to destroy: as many as the redemption took credits
    quantity: int = Field(sa_type=BigInteger)
    batch_id: str | None = Field(default=None, foreign_key="burn_batch.id")
    leaf_index: int | None = None
    created_at: int = Field(sa_type=BigInteger)


class BurnBatchRow(SQLModel, table=True):
    """The burns of one transaction. Its content never changes; its transaction may be made anew."""

    __tablename__ = "burn_batch"
    __table_args__ = (
        CheckConstraint("size > 0", name="ck_burn_batch_size"),
        CheckConstraint("quantity >= size", name="ck_burn_batch_quantity"),
        CheckConstraint(
            "state IN ('open', 'signed', 'submitted', 'seen', 'lost', 'confirmed', 'parked')",
            name="ck_burn_batch_state",
        ),
        Index("ix_burn_batch_state", "policy_id", "state", "number"),
    )
    id: str = Field(primary_key=True)
    policy_id: str
    #: batches are signed in this order, each on the change of those before it
    number: int = Field(sa_type=BigInteger, unique=True)
    root: bytes = Field(sa_type=LargeBinary)
    #: of the tree: 2 is the sum tree, 1 a plain one of old, whose root is burned as it stands
    version: int
    #: burns in it
    size: int
    #: tokens that its transaction destroys: the sum of its burns'
    quantity: int = Field(sa_type=BigInteger)
    state: str = "open"
    #: the transaction that is on chain, or is being brought there
    tx_hash: str | None = None
    #: where it was seen last
    block_hash: str | None = None
    block_height: int | None = Field(default=None, sa_type=BigInteger)
    confirmations: int = 0
    created_at: int = Field(sa_type=BigInteger)
    updated_at: int = Field(sa_type=BigInteger)


class BurnAttemptRow(SQLModel, table=True):
    """One signed transaction of a batch, stored before it is first submitted."""

    __tablename__ = "burn_attempt"
    __table_args__ = (UniqueConstraint("batch_id", "number", name="uq_burn_attempt_number"),)
    tx_hash: str = Field(primary_key=True)
    batch_id: str = Field(foreign_key="burn_batch.id")
    number: int
    transaction: bytes = Field(sa_type=LargeBinary)
    fee: int = Field(sa_type=BigInteger)
    expiry_slot: int = Field(sa_type=BigInteger)
    #: when it was last handed in; null before the first time
    submitted_at: int | None = Field(default=None, sa_type=BigInteger)
    #: it was given up: what it spends was never made, or another that stands spends it
    void: bool = False
    created_at: int = Field(sa_type=BigInteger)


class WalletOutputRow(SQLModel, table=True):
    """An output of the custodial wallet, as we know it: the chain's index lags, our own record does not."""

    __tablename__ = "wallet_output"
    tx_hash: str = Field(primary_key=True)
    output_index: int = Field(primary_key=True)
    lovelace: int = Field(sa_type=BigInteger)
    #: JSON object, unit → quantity: all that the output holds, so that spending it conserves every token
    tokens: str = "{}"
    #: the attempt that spends it, or the transaction of another program that has our key
    spent_by: str | None = Field(default=None, index=True)
    #: the attempt that made it; null for what came from outside
    made_by: str | None = Field(default=None, index=True)
    created_at: int = Field(sa_type=BigInteger)


class LeaseRow(SQLModel, table=True):
    """Who may act for a wallet. The fence rises with every change of hands."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str
    fence: int = Field(sa_type=BigInteger)
    until: int = Field(sa_type=BigInteger)
