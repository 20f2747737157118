"""Whether a use of a credit burned its token: judged from the chain and signed papers, on nobody's word.

Pure. The papers are the receipt and the payment request in it, which the seller signed when it was paid; the
evidence is the bytes of the transaction as they stand on the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from buyer.proof.redemption import Burn, Redemption
from shared import merkle
from shared.cardano.assets import Asset
from shared.cardano.metadata import read_burn
from shared.cardano.read.transaction import ParsedTransaction, TransactionError, parse
from shared.keys import PublicKey
from shared.tokens import prt, receipt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest

Outcome = Literal["holds", "pending", "broken"]


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """One thing that was looked at; `outcome` pending means that it is too early to say."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """Every check of one redemption's burn. `confirmations` is 0 while the burn is not on the chain."""

    redemption_id: str
    tx_hash: str | None
    confirmations: int
    required: int
    checks: tuple[ProofCheck, ...]

    @property
    def outcome(self) -> Outcome:
        """Broken when anything is broken, else pending when anything is, else holds."""
        outcomes = {check.outcome for check in self.checks}
        return "broken" if "broken" in outcomes else "pending" if "pending" in outcomes else "holds"


@dataclass(frozen=True, slots=True)
class Papers:
    """What the buyer keeps: the receipt and when it was issued (Unix seconds), the seller, its own key."""

    receipt_token: str
    issued_at: int
    seller: str
    keys: Sequence[PublicKey]
    holder: PublicKey


@dataclass(frozen=True, slots=True)
class ChainEvidence:
    """What the chain says: the transaction's bytes, None when it is not there; and how deep it lies."""

    raw: bytes | None
    confirmations: int
    required: int


def judge(redemption: Redemption, papers: Papers, evidence: ChainEvidence) -> Report:
    """Every check that can be made by now."""
    burn = redemption.burn
    checks, request = _check_papers(papers)
    if request is not None:
        checks += _check_burn(redemption, request, evidence)
    return Report(
        redemption_id=redemption.id,
        tx_hash=None if burn is None else burn.tx_hash,
        confirmations=evidence.confirmations,
        required=evidence.required,
        checks=tuple(checks),
    )


def _check_papers(papers: Papers) -> tuple[list[ProofCheck], PaymentRequest | None]:
    """The receipt may have expired since: what it promised when it was paid still holds."""
    issuers = {papers.seller: papers.keys}
    try:
        found = receipt.verify(papers.receipt_token, issuers, now=papers.issued_at)
    except TokenError as error:
        return [_say("receipt", ok=False, detail=str(error))], None
    ours = found.payer == papers.holder.did and found.holder_thumbprint == papers.holder.thumbprint
    checks = [_say("receipt", ok=ours, detail=found.id)]
    try:
        request = prt.verify(found.payment_request_token, papers.keys, issuer=papers.seller, now=None)
    except TokenError as error:
        return [*checks, _say("payment_request", ok=False, detail=str(error))], None
    return [
        *checks,
        _say("payment_request", ok=True, detail=f"promises to burn {request.order.token}"),
    ], request


def _check_burn(redemption: Redemption, request: PaymentRequest, evidence: ChainEvidence) -> list[ProofCheck]:
    burn = redemption.burn
    if redemption.state == "released":
        return [ProofCheck("captured", "broken", "the seller says that this use was never counted")]
    if burn is None or burn.tx_hash is None:
        return [ProofCheck("burn", "pending", "the burn is not in a transaction yet")]
    checks = [_check_inclusion_proof(redemption.id, burn)]
    if evidence.raw is None:
        # A fresh burn may be a block away, or rolled back for a while; a confirmed one has no such excuse.
        outcome: Outcome = "broken" if burn.state == "confirmed" else "pending"
        return [*checks, ProofCheck("transaction", outcome, f"{burn.tx_hash} is not on the chain")]
    try:
        transaction = parse(evidence.raw)
    except TransactionError as error:
        return [*checks, ProofCheck("transaction", "broken", str(error))]
    return [*checks, *_check_transaction(transaction, burn, request), _check_depth(evidence)]


def _check_inclusion_proof(redemption_id: str, burn: Burn) -> ProofCheck:
    if (
        burn.salt is None
        or burn.leaf_index is None
        or burn.tree_size is None
        or burn.proof is None
        or burn.root is None
    ):
        return ProofCheck("merkle_proof", "broken", "the seller left out a part of the proof")
    leaf = merkle.redemption_leaf(redemption_id, burn.salt)
    ok = merkle.verify(leaf, burn.leaf_index, burn.tree_size, burn.proof, burn.root)
    return _say("merkle_proof", ok=ok, detail=f"leaf {burn.leaf_index} of {burn.tree_size}")


def _check_transaction(
    transaction: ParsedTransaction, burn: Burn, request: PaymentRequest
) -> list[ProofCheck]:
    if request.order.token is None:
        return [ProofCheck("transaction", "broken", "the payment request promises no burn")]
    token = Asset.parse(request.order.token)
    # The metadata counts only when the signed body commits to it.
    written = read_burn(transaction.metadata) if transaction.auxiliary_data_hash_ok else None
    count = None if written is None else written[1]
    burned = -transaction.mint.get(token.unit, 0)
    alone = burn.tree_size is not None and dict(transaction.mint) == {token.unit: -burn.tree_size}
    return [
        _say("transaction", ok=transaction.id == burn.tx_hash, detail=f"its bytes hash to {transaction.id}"),
        _say(
            "metadata",
            ok=written == (burn.root, burn.tree_size),
            detail=f"commits to a root of {count} redemptions",
        ),
        _say(
            "mint", ok=alone, detail=f"burns {burned} of the promised token for {burn.tree_size} redemptions"
        ),
    ]


def _check_depth(evidence: ChainEvidence) -> ProofCheck:
    outcome: Outcome = "holds" if evidence.confirmations >= evidence.required else "pending"
    return ProofCheck("confirmations", outcome, f"{evidence.confirmations} of {evidence.required}")


def _say(name: str, *, ok: bool, detail: str) -> ProofCheck:
    return ProofCheck(name, "holds" if ok else "broken", detail)
