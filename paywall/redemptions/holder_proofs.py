"""Statements on used holder proofs; each takes the transaction first."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import delete
from sqlmodel import col

from paywall.database.engine import Transaction
from paywall.database.inserts import Insertion, Values
from paywall.errors import HolderProofInvalid
from paywall.redemptions.tables import HolderProofRow
from shared.tokens.dpop import HolderProof

PROOF_KEPT_SECONDS = 300
_KEY = ("expires_at", "mark")
_INSERT = Insertion(HolderProofRow, _KEY, unless=_KEY)


def count_once(tx: Transaction, thumbprint: str, jti: str, expires_at: int) -> bool:
    """False when it was counted before. `thumbprint` is a key's, or whatever else `jti` is unique for.

    `expires_at` is always the same for the same two: it is in the key.
    """
    return _INSERT.one(tx, (expires_at, mark(thumbprint, jti)))


def use_proof(tx: Transaction, proof: HolderProof) -> None:
    """Errors: HolderProofInvalid when this proof was used before."""
    if not _INSERT.one(tx, _row(proof)):
        raise HolderProofInvalid("This holder proof was used before; make a new one for each request.")


class UseUp:
    """For a `database.engine.GroupFn`: it is used from now on, if it was not before."""

    def one(self, tx: Transaction, item: HolderProof) -> None:
        _INSERT.one(tx, _row(item))

    def many(self, tx: Transaction, items: Sequence[HolderProof]) -> list[None] | None:
        use_proofs(tx, items)
        return [None] * len(items)


def use_proofs(tx: Transaction, proofs: Sequence[HolderProof]) -> bool:
    """`use_proof` of each; False where one of them was used before."""
    return _INSERT.many(tx, [_row(one) for one in proofs])


def _row(proof: HolderProof) -> Values:
    return proof.issued_at + PROOF_KEPT_SECONDS, mark(proof.thumbprint, proof.jti)


def mark(thumbprint: str, jti: str) -> bytes:
    """What is kept of a proof: 16 bytes for some 80, so that a second's proofs stand on fewer pages.

    Two of one mark would have to be found by 2^64 tries, and be of one holder's own making. The length tells where the
    one text ends and the other begins.
    """
    return sha256(f"{len(thumbprint)} {thumbprint}{jti}".encode()).digest()[:16]


def forget_proofs(tx: Transaction, now: int) -> int:
    """Drop used proofs that are too old to be accepted again; how many those were."""
    done = tx.session.exec(delete(HolderProofRow).where(col(HolderProofRow.expires_at) < now))
    return int(done.rowcount)
