"""Whether a use of a credit burned its tokens: judged from the chain's bytes and from signed tokens alone.

Pure. The records are the receipt and the payment request in it, which the seller signed when it was paid; the use
is what we sent ourselves; the evidence is the bytes of the transaction as they stand on the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from buyer.proof.burn_checks import ChainEvidence, check_chain, check_version
from buyer.proof.redemption import Burn, Redemption
from buyer.proof.report import ProofCheck, Report, say
from shared import merkle
from shared.cardano.assets import Asset
from shared.keys import PublicKey
from shared.merkle import SumNode
from shared.redemption_commitment import commitment
from shared.tokens import prt, receipt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest


@dataclass(frozen=True, slots=True)
class OwnUse:
    """What we know of a use ourselves: the hash of what was asked, under which key, and how many tokens it burns.

    `salt` is the leaf's, when the seller has shown it before.
    """

    request_hash: bytes
    idempotency_key: str
    quantity: int
    salt: bytes | None = None


@dataclass(frozen=True, slots=True)
class BuyerRecords:
    """What the buyer keeps: the receipt and when it was issued (Unix seconds), the seller, its own key, its use."""

    receipt_token: str
    issued_at: int
    seller: str
    keys: Sequence[PublicKey]
    holder: PublicKey
    use: OwnUse


def judge(redemption: Redemption, records: BuyerRecords, evidence: ChainEvidence) -> Report:
    """Every check that can be made by now of a use of our own."""
    checks, promised = _check_records(records)
    if promised is not None:
        checks += _check_burn(redemption, evidence, promised, records.use)
    return _report(redemption, evidence, checks)


def judge_public(redemption: Redemption, token: str, evidence: ChainEvidence) -> Report:
    """What can be checked of somebody else's use: that a leaf burned its share of `token`, not whose leaf it is."""
    nothing = "not ours: only its holder can say"
    checks = [ProofCheck(name, "unchecked", nothing) for name in ("receipt", "payment_request")]
    return _report(
        redemption,
        evidence,
        checks + _check_burn(redemption, evidence, Promise("", Asset.parse(token)), None),
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """That each use of the receipt `receipt_id` burns tokens of `token`: its payment request says so, signed."""

    receipt_id: str
    token: Asset


def _report(redemption: Redemption, evidence: ChainEvidence, checks: list[ProofCheck]) -> Report:
    return Report(
        redemption_id=redemption.id,
        tx_hash=None if redemption.burn is None else redemption.burn.tx_hash,
        confirmations=evidence.confirmations,
        required=evidence.required,
        checks=tuple(checks),
    )


def _check_records(records: BuyerRecords) -> tuple[list[ProofCheck], Promise | None]:
    """The receipt may have expired since: what it promised when it was paid still holds."""
    issuers = {records.seller: records.keys}
    try:
        found = receipt.verify(records.receipt_token, issuers, now=records.issued_at)
    except TokenError as error:
        return [say("receipt", ok=False, detail=str(error))], None
    # Who paid for what was given to us is another.
    ours = found.holder_thumbprint == records.holder.thumbprint
    checks = [say("receipt", ok=ours, detail=found.id)]
    try:
        request: PaymentRequest = prt.verify(
            found.payment_request_token, records.keys, issuer=records.seller, now=None
        )
    except TokenError as error:
        return [*checks, say("payment_request", ok=False, detail=str(error))], None
    token = request.order.token
    if token is None:
        return [*checks, ProofCheck("payment_request", "unchecked", "it promises no burn to check")], None
    promised = say("payment_request", ok=True, detail=f"promises to burn {token}")
    return [*checks, promised], Promise(found.id, Asset.parse(token))


def _check_burn(
    redemption: Redemption, evidence: ChainEvidence, promise: Promise, use: OwnUse | None
) -> list[ProofCheck]:
    burn = redemption.burn
    if redemption.state == "released":
        return [ProofCheck("captured", "broken", "the seller says that this use was never counted")]
    if burn is None:
        return [ProofCheck("burn", "pending", "there is no burn yet")]
    if (version := check_version(burn)).outcome == "broken":
        return [version]
    leaf, bound = _check_leaf(redemption.id, burn, promise.receipt_id, use)
    if burn.tx_hash is None:
        return [bound, ProofCheck("burn", "pending", "the burn is not in a transaction yet")]
    return [bound, *check_chain(burn, leaf, promise.token, evidence)]


def _check_leaf(
    redemption_id: str, burn: Burn, receipt_id: str, use: OwnUse | None
) -> tuple[SumNode | None, ProofCheck]:
    """The leaf from our own values alone: one that is shown to two holders, or for two uses, binds one of them."""
    shown = None if burn.leaf is None else SumNode(burn.leaf, burn.quantity)
    if use is None:
        return shown, ProofCheck("leaf", "unchecked", "its holder alone knows what it binds")
    salt = burn.salt or use.salt
    if salt is None:
        return shown, ProofCheck("leaf", "unchecked", "the seller does not show its salt any more")
    bound = commitment(receipt_id, redemption_id, use.request_hash, use.idempotency_key)
    try:
        leaf = merkle.leaf(salt, bound, use.quantity)
    except ValueError as error:
        return None, ProofCheck("leaf", "broken", str(error))
    detail = f"binds our receipt, our request and our key; tokens: {use.quantity}"
    return leaf, say("leaf", ok=leaf == shown, detail=detail)
