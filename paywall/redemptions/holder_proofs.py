"""Statements on used holder proofs; each takes the transaction first."""

from collections.abc import Sequence

from sqlalchemy import delete
from sqlmodel import col

from paywall.database.engine import Transaction
from paywall.database.many_rows import ManyRows, columns_of
from paywall.database.statements import CompiledStatement
from paywall.errors import HolderProofInvalid
from paywall.redemptions.tables import HolderProofRow
from shared.tokens.dpop import HolderProof

PROOF_KEPT_SECONDS = 300
_USE_PROOF = CompiledStatement(
    lambda insert: insert(HolderProofRow).on_conflict_do_nothing().returning(HolderProofRow.__table__.c.jti),  # type: ignore[attr-defined]
    ["thumbprint", "jti", "expires_at"],
)
_USE_PROOFS = ManyRows(HolderProofRow, ["thumbprint", "jti", "expires_at"])


def count_once(tx: Transaction, thumbprint: str, jti: str, expires_at: int) -> bool:
    """False when it was counted before. `thumbprint` is a key's, or whatever else `jti` is unique for."""
    return bool(tx.run(_USE_PROOF, thumbprint=thumbprint, jti=jti, expires_at=expires_at))


def use_proof(tx: Transaction, proof: HolderProof) -> None:
    """Errors: HolderProofInvalid when this proof was used before."""
    if not count_once(tx, proof.thumbprint, proof.jti, proof.issued_at + PROOF_KEPT_SECONDS):
        raise HolderProofInvalid("This holder proof was used before; make a new one for each request.")


def use_proofs(tx: Transaction, proofs: Sequence[HolderProof]) -> bool:
    """`use_proof` of each; False where one of them was used before."""
    rows = [
        {"thumbprint": one.thumbprint, "jti": one.jti, "expires_at": one.issued_at + PROOF_KEPT_SECONDS}
        for one in proofs
    ]
    return not rows or len(tx.run(_USE_PROOFS, **columns_of(rows))) == len(rows)


def forget_proofs(tx: Transaction, now: int) -> int:
    """Drop used proofs that are too old to be accepted again; how many those were."""
    done = tx.session.exec(delete(HolderProofRow).where(col(HolderProofRow.expires_at) < now))
    return int(done.rowcount)
