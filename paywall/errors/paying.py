"""Refusals on the way from a payment request to its receipt."""

from typing import TYPE_CHECKING, Any, Self

from paywall.errors.base import Conflict, PaywallError, Unauthorized

if TYPE_CHECKING:
    from shared.dialects.base import CreditTerms, StoredRequest


class ClaimInvalid(Unauthorized):
    code, title = "claim_invalid", "The payment claim does not hold"


class PaymentRequired(PaywallError):
    """Raised only when paying `to_pay`, a stored request, is the remedy: auto-payers pay whatever says 402."""

    status, code, title, retryable = 402, "payment_required", "Payment required", True

    #: what the use costs who has credits, where it was a use that was asked for
    credit: "CreditTerms | None" = None

    def __init__(self, detail: str = "", *, to_pay: "StoredRequest | None" = None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.to_pay = to_pay

    def asking(self, to_pay: "StoredRequest | None", credit: "CreditTerms | None" = None) -> Self:
        """The same refusal with this to pay, or nothing."""
        other = type(self)(self.detail, to_pay=to_pay, **self.extra)
        other.credit = credit
        return other


class PaymentMismatch(PaymentRequired):
    code, title = "payment_mismatch", "The payment is not the one that was asked for"


class PaymentInsufficient(PaymentRequired):
    code, title = "payment_insufficient", "The payment is too small"


class PaymentPending(Conflict):
    code, title, retryable, retry_after = "payment_pending", "The payment is not final yet", True, 1


class PaymentAlreadyUsed(Conflict):
    code, title = "payment_already_used", "The transaction pays another payment request"


class PaymentUnnamed(Conflict):
    code, title = (
        "payment_unnamed",
        "The transaction was sent before it was shown here, and names no payment request",
    )


class PaymentIdentifierUsed(Conflict):
    code, title = "payment_identifier_used", "Another payment was sent under this identifier"


class PaymentRequestPaid(Conflict):
    code, title = "payment_request_paid", "The payment request was paid by another payment"


class ClaimUsed(Conflict):
    code, title = "claim_used", "The receipt was given for this claim before"


class PaymentReversed(Conflict):
    code, title = "payment_reversed", "The payment was undone on its chain, and its credits are revoked"


class PaidLate(Conflict):
    code, title = (
        "paid_late",
        "The payment came after the payment request had expired; a person will look at it",
    )


class PaymentRequestExpired(Conflict):
    code, title = "payment_request_expired", "The payment request has expired; no payment was taken for it"
