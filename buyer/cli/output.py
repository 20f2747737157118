"""What the commands print on stdout: one JSON object, or lines for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from buyer.cli.imaging import FinishedImages
from buyer.proof.receipt_standing import ReceiptStanding
from buyer.proof.report import Report
from buyer.purchase.promises import BrokenPromise, CreditCounts
from buyer.purchase.receipts import HeldReceipt
from buyer.purchase.record import RehearsedPurchase
from buyer.redemptions.giving_back import GivenBack
from buyer.wallet.file import Wallet
from shared.money import Money
from shared.text import clean, counted

CommandAnswer = tuple[dict[str, Any], list[str]]


def images(done: FinishedImages) -> CommandAnswer:
    """The object of `buyer images --json` and `buyer generate --json`, and the same in lines."""
    pairs = list(zip(done.images, done.reports, strict=True))
    document = {
        "payment_request_id": done.receipt.payment_request_id,
        "price": str(done.receipt.price),
        "receipt_id": done.receipt.id,
        "credits": {"granted": done.receipt.granted, "remaining": done.remaining},
        "images": [{"path": image.path, "redemption_id": image.redemption_id} for image in done.images],
        "burns": [_burn(image.redemption_id, report) for image, report in pairs],
        "seller_says": {"credits": _buckets(done.counts)},
    }
    lines = [f"{image.path}  {image.redemption_id}  {_in_words(report)}" for image, report in pairs]
    return document, [*lines, f"{done.remaining} of {done.receipt.granted} credits left on {done.receipt.id}"]


def purchase(receipt: HeldReceipt) -> CommandAnswer:
    document = {
        "payment_request_id": receipt.payment_request_id,
        "price": str(receipt.price),
        "receipt_id": receipt.id,
        "credits": {"granted": receipt.granted, "remaining": receipt.granted},
    }
    return document, [f"{counted(receipt.granted, 'credit')} for {receipt.price}: receipt {receipt.id}"]


def refund(receipt: HeldReceipt, found: GivenBack) -> CommandAnswer:
    amount = str(Money(found.amount, found.currency, found.decimals))
    document = {"receipt_id": receipt.id, "credits": found.credits, "amount": amount}
    document |= {
        "seller_says": {"refund_id": found.id, "state": found.state, "transaction": found.transaction}
    }
    if found.returned is not None:
        document["returned"] = str(Money(found.returned, found.currency, found.decimals))
    how = "" if found.transaction is None else f" in {found.transaction}"
    return document, [f"{counted(found.credits, 'credit')} given back for {amount}: {found.state}{how}"]


def rehearsed(purchase: RehearsedPurchase) -> CommandAnswer:
    """The object of `--dry-run --json`; `pay` is null for a payment that is signed already."""
    document = {
        "dry_run": True,
        "seller": purchase.kind.origin,
        "credits": purchase.kind.credits,
        "price": str(purchase.price),
        "pay": None if purchase.amount is None else str(purchase.amount),
        "recipient": purchase.recipient,
        "network": purchase.network,
        "needs_approval": purchase.needs_approval,
        "seller_says": purchase.kind.sellers_words(),
    }
    if purchase.amount is None:
        return document, [
            clean(f"{purchase.kind.in_full()} for {purchase.price}: signed already, and would be claimed")
        ]
    words = (
        f"{purchase.kind.in_full()} for {purchase.price}: would pay {purchase.amount} to {purchase.recipient}"
    )
    return document, [clean(words), *(["the owner would be asked first"] if purchase.needs_approval else [])]


def credit_account(receipt: HeldReceipt, counts: CreditCounts, remaining: int) -> CommandAnswer:
    """`remaining` is by the wallet's own books."""
    buckets = _buckets(counts)
    document = {
        "receipt_id": receipt.id,
        "expires_at": receipt.expires_at,
        "granted": receipt.granted,
        "remaining": remaining,
        "seller_says": {"credits": buckets},
    }
    others = ", ".join(
        f"{name} {count}" for name, count in buckets.items() if name not in {"granted", "available"}
    )
    return document, [f"{counts.available} of {counts.granted} credits left on {receipt.id} ({others})"]


def with_promises(result: CommandAnswer, broken: Sequence[BrokenPromise]) -> CommandAnswer:
    """The answer, and where the seller kept less than it promised."""
    document, lines = result
    told = [
        {
            "code": one.code,
            "receipt_id": one.receipt_id,
            "unit": one.unit,
            "promised": one.promised,
            "got": one.got,
        }
        for one in broken
    ]
    return {**document, "broken_promises": told}, [*lines, *map(str, broken)]


def _buckets(counts: CreditCounts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in CreditCounts.__slots__}


def receipts(held: list[HeldReceipt], standings: Mapping[str, ReceiptStanding]) -> CommandAnswer:
    """Never the tokens themselves: what is printed ends up in logs. `standings` are of those that were looked up."""
    document = [
        {
            "receipt_id": receipt.id,
            "seller": receipt.origin,
            "granted": receipt.granted,
            "price": str(receipt.price),
            "payment_request_id": receipt.payment_request_id,
            "issued_at": receipt.issued_at,
            "expires_at": receipt.expires_at,
            **_standing(standings.get(receipt.id)),
            "seller_says": {"product": clean(receipt.product)},
        }
        for receipt in held
    ]
    lines = [
        f"{receipt.id}  {counted(receipt.granted, 'credit')}  {receipt.price}  {receipt.origin}"
        + (f"  {_standing_words(standings[receipt.id])}" if receipt.id in standings else "")
        for receipt in held
    ]
    return {"receipts": document}, lines or ["no receipts yet; buy some credits: buyer buy --credits 3"]


def _standing(standing: ReceiptStanding | None) -> dict[str, Any]:
    if standing is None:
        return {}
    return {"status": standing.state, **({"status_why": standing.why} if standing.why else {})}


def _standing_words(standing: ReceiptStanding) -> str:
    return {
        "good": "not revoked",
        "revoked": "REVOKED",
        "unlisted": "no status list says whether it was revoked",
        "unknown": f"nobody can tell whether it was revoked: {standing.why}",
    }[standing.state]


def proof(report: Report, standing: ReceiptStanding | None) -> CommandAnswer:
    """`standing` is of the receipt that was used, None for another's."""
    document = {
        **_burn(report.redemption_id, report),
        "outcome": report.outcome,
        "required": report.required,
        "unchecked": list(report.unchecked),
        "checks": [
            {"name": check.name, "outcome": check.outcome, "detail": check.detail} for check in report.checks
        ],
        **({} if standing is None else {"receipt": _standing(standing)}),
    }
    lines = [f"{check.outcome:9} {check.name}: {check.detail}" for check in report.checks]
    lines += [] if standing is None else [f"{'':9} receipt: {_standing_words(standing)}"]
    return document, [*lines, f"{report.redemption_id}: {_in_words(report)}"]


def _burn(redemption_id: str, report: Report | None) -> dict[str, Any]:
    """`proof_valid` is null while nobody can say."""
    return {
        "redemption_id": redemption_id,
        "tx_hash": None if report is None else report.tx_hash,
        "confirmations": 0 if report is None else report.confirmations,
        "proof_valid": None if report is None else {"holds": True, "broken": False}.get(report.outcome),
    }


def _in_words(report: Report | None) -> str:
    if report is None:
        return "burn not looked up"
    deep = counted(report.confirmations, "confirmation")
    return {
        "holds": f"burned in {report.tx_hash}, {deep}, the proof holds",
        "partly": f"burned in {report.tx_hash}, {deep}; what could be checked holds, "
        f"and these could not: {', '.join(report.unchecked)}",
        "pending": f"burn pending, {report.depth}",
        "broken": "THE PROOF DOES NOT HOLD",
    }[report.outcome]


def balance(wallet: Wallet, lovelace: int) -> CommandAnswer:
    held = Money(lovelace, "ADA", 6)
    document = {
        "address": wallet.address,
        "network": wallet.network,
        "lovelace": lovelace,
        "balance": str(held),
    }
    return document, [f"{held} at {wallet.address}"]
