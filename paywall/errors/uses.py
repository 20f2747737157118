"""Refusals of a receipt, and of what its credits are used for."""

from typing import Any

from paywall.errors.base import Conflict, PaywallError, Unauthorized
from paywall.errors.paying import PaymentRequired


class ReceiptInvalid(Unauthorized):
    code, title = "receipt_invalid", "The receipt does not hold"


class ReceiptRevoked(Unauthorized):
    code, title = "receipt_revoked", "The seller has revoked the receipt"


class HolderProofRequired(Unauthorized):
    code, title = "holder_proof_required", "The receipt is bound to a holder; a DPoP proof is needed"


class HolderProofInvalid(Unauthorized):
    code, title = "holder_proof_invalid", "The holder proof does not hold"


class ReceiptWrongProduct(PaywallError):
    status, code, title = 403, "receipt_wrong_product", "The receipt is for another product or seller"


class CreditsExhausted(PaymentRequired):
    code, title = "credits_exhausted", "The receipt has no credits left"


class RedemptionInProgress(Conflict):
    code, title, retryable, retry_after = "redemption_in_progress", "The redemption is under way", True, 1


class DeliveryStreamed(Conflict):
    code, title = "delivery_streamed", "It was delivered as it came, and is not kept; its credits are used"


class IdempotencyKeyReused(PaywallError):
    status, code, title = 422, "idempotency_key_reused", "The idempotency key was used with another request"


class GiftTooMuch(Conflict):
    code, title = "gift_too_much", "So many credits cannot be given away"


class RefundTooMuch(Conflict):
    code, title = "refund_too_much", "So many credits cannot be given back"


class RefundTooSmall(Conflict):
    code, title = "refund_too_small", "The credits are worth less than can be sent back"


class FulfilmentRefused(PaywallError):
    """The request will never be fulfilled as it is; the credits were released. Replayed under the same key."""

    status, code, title = 422, "fulfilment_refused", "The request was refused; the credits were released"


class FulfilmentFailed(PaywallError):
    """Nothing was delivered; the same key may try again. `note` is for the log: never a prompt, a token or a key."""

    status, code, retryable = 502, "fulfilment_failed", True
    title = "Nothing could be delivered; the credits were released"

    def __init__(self, detail: str = "", *, note: str = "", **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.note = note
