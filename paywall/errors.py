"""Every refusal of the seller, as one tree.

    PaywallError
    ├── BadRequest                  400 bad_request
    │   └── NotJson                 400 not_json
    ├── Unauthorized                401 (adds WWW-Authenticate)
    │   ├── ClaimInvalid            401 claim_invalid
    │   ├── ReceiptInvalid          401 receipt_invalid
    │   ├── HolderProofRequired     401 holder_proof_required
    │   └── HolderProofInvalid      401 holder_proof_invalid
    ├── PaymentRequired             402 payment_required         (carries a fresh PRT: paying is the remedy)
    │   ├── CreditsExhausted        402 credits_exhausted
    │   ├── PaymentMismatch         402 payment_mismatch         (carries the PRT that was claimed)
    │   └── PaymentInsufficient     402 payment_insufficient
    ├── ReceiptWrongProduct         403 receipt_wrong_product
    ├── NotFound                    404 not_found
    ├── MethodNotAllowed            405 method_not_allowed
    ├── Conflict                    409
    │   ├── PaymentPending          409 payment_pending
    │   ├── PaymentAlreadyUsed      409 payment_already_used
    │   ├── PaymentRequestPaid      409 payment_request_paid
    │   ├── ClaimUsed               409 claim_used
    │   ├── PaymentReversed         409 payment_reversed
    │   ├── PaidLate                409 paid_late
    │   ├── PaymentRequestExpired   409 payment_request_expired
    │   └── RedemptionInProgress    409 redemption_in_progress
    ├── RequestTimeout              408 request_timeout
    ├── BodyTooLarge                413 body_too_large
    ├── RangeNotSatisfiable         416 range_not_satisfiable
    ├── IdempotencyKeyReused        422 idempotency_key_reused
    ├── FulfilmentRefused           422 fulfilment_refused        (a resource has errors of its own below these two)
    ├── TooManyRequests             429 too_many_requests
    ├── HeadersTooLarge             431 headers_too_large
    ├── InternalFault               500 internal_fault
    ├── FulfilmentFailed            502 fulfilment_failed
    ├── Unavailable                 503 unavailable
    │   ├── BurnBacklogFull         503 burn_backlog_full
    │   ├── SignerUnavailable       503 signer_unavailable
    │   ├── StorageUnavailable      503 storage_unavailable
    │   └── SupplyExhausted         503 supply_exhausted
    └── SetupError                  (never on the wire: a sentence for the operator, exit status 2)
A class says whether the same request may be sent again. `web/problems.py` makes these answers of HTTP.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from shared.problem import Problem
from shared.text import clean

if TYPE_CHECKING:
    from shared.dialects.base import StoredRequest

LONGEST_DETAIL = 2000  # characters; some quote a claim, or the chain's own words


class PaywallError(Exception):
    """A refusal. `detail` is one sentence for the caller; `extra` are ids and figures, never secrets."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_fault"
    title: ClassVar[str] = "Internal fault"
    retryable: ClassVar[bool] = False
    retry_after: int | None = None  # seconds

    def __init__(self, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra: Mapping[str, Any] = extra

    def problem(self) -> Problem:
        """The refusal as problem details (RFC 9457)."""
        detail = clean(self.detail, LONGEST_DETAIL)
        return Problem(self.status, self.code, self.title, detail, self.retryable, self.extra)


class SetupError(PaywallError):
    """The operator must change something before the program can run."""

    code, title = "setup_error", "The set-up is not complete"


class BadRequest(PaywallError):
    status, code, title = 400, "bad_request", "The request is not well-formed"


class NotJson(BadRequest):
    code, title = "not_json", "The body is not acceptable JSON"


class Unauthorized(PaywallError):
    status = 401


class ClaimInvalid(Unauthorized):
    code, title = "claim_invalid", "The payment claim does not hold"


class ReceiptInvalid(Unauthorized):
    code, title = "receipt_invalid", "The receipt does not hold"


class HolderProofRequired(Unauthorized):
    code, title = "holder_proof_required", "The receipt is bound to a holder; a DPoP proof is needed"


class HolderProofInvalid(Unauthorized):
    code, title = "holder_proof_invalid", "The holder proof does not hold"


class PaymentRequired(PaywallError):
    """Raised only when paying `to_pay`, a stored request, is the remedy: auto-payers pay whatever says 402."""

    status, code, title, retryable = 402, "payment_required", "Payment required", True

    def __init__(self, detail: str = "", *, to_pay: "StoredRequest | None" = None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.to_pay = to_pay

    def asking(self, to_pay: "StoredRequest | None") -> Self:
        """The same refusal with this to pay, or nothing."""
        return type(self)(self.detail, to_pay=to_pay, **self.extra)


class CreditsExhausted(PaymentRequired):
    code, title = "credits_exhausted", "The receipt has no credits left"


class PaymentMismatch(PaymentRequired):
    code, title = "payment_mismatch", "The payment is not the one that was asked for"


class PaymentInsufficient(PaymentRequired):
    code, title = "payment_insufficient", "The payment is too small"


class ReceiptWrongProduct(PaywallError):
    status, code, title = 403, "receipt_wrong_product", "The receipt is for another product or seller"


class NotFound(PaywallError):
    status, code, title = 404, "not_found", "Nothing is here"


class MethodNotAllowed(PaywallError):
    status, code, title = 405, "method_not_allowed", "This method is not offered here"


class Conflict(PaywallError):
    status = 409


class PaymentPending(Conflict):
    code, title, retryable, retry_after = "payment_pending", "The payment is not final yet", True, 1


class PaymentAlreadyUsed(Conflict):
    code, title = "payment_already_used", "The transaction pays another payment request"


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


class RedemptionInProgress(Conflict):
    code, title, retryable, retry_after = "redemption_in_progress", "The redemption is under way", True, 1


class RequestTimeout(PaywallError):
    status, code, title, retryable = 408, "request_timeout", "The request did not arrive in time", True


class BodyTooLarge(PaywallError):
    status, code, title = 413, "body_too_large", "The body is too large"


class RangeNotSatisfiable(PaywallError):
    status, code, title = 416, "range_not_satisfiable", "The delivery has no such bytes"


class IdempotencyKeyReused(PaywallError):
    status, code, title = 422, "idempotency_key_reused", "The idempotency key was used with another request"


class FulfilmentRefused(PaywallError):
    """The request will never be fulfilled as it is; the credits were released. Replayed under the same key."""

    status, code, title = 422, "fulfilment_refused", "The request was refused; the credits were released"


class TooManyRequests(PaywallError):
    """One client asked too often for what is expensive; nothing was done."""

    status, code, title, retryable = 429, "too_many_requests", "Too many requests", True

    def __init__(self, seconds: int, **extra: Any) -> None:
        """`seconds` until one more is answered."""
        super().__init__(f"Too many requests of this kind in a minute; ask again in {seconds} s.", **extra)
        self.retry_after = seconds


class HeadersTooLarge(PaywallError):
    status, code, title = 431, "headers_too_large", "A header is too large"


class InternalFault(PaywallError):
    retryable = True


class FulfilmentFailed(PaywallError):
    """Nothing was delivered; the same key may try again. `note` is for the log: never a prompt, a token or a key."""

    status, code, retryable = 502, "fulfilment_failed", True
    title = "Nothing could be delivered; the credits were released"

    def __init__(self, detail: str = "", *, note: str = "", **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.note = note


class Unavailable(PaywallError):
    status, code, title, retryable = 503, "unavailable", "Not available at the moment", True
    retry_after = 2


class BurnBacklogFull(Unavailable):
    code, title = "burn_backlog_full", "Too many burns wait for the custodial wallet; no credit was taken"
    retry_after = 30


class SignerUnavailable(Unavailable):
    code, title = "signer_unavailable", "The signing key cannot be reached"


class StorageUnavailable(Unavailable):
    code, title = "storage_unavailable", "The database is not available; nothing was changed"


class SupplyExhausted(Unavailable):
    code, title = "supply_exhausted", "There are no tokens for more credits; nothing was sold"
    retry_after = 60
