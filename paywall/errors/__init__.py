"""Every refusal of the seller, as one tree.

    PaywallError
    ├── BadRequest                  400 bad_request
    │   └── NotJson                 400 not_json
    ├── Unauthorized                401 (adds WWW-Authenticate)
    │   ├── ClaimInvalid            401 claim_invalid
    │   ├── ReceiptInvalid          401 receipt_invalid
    │   ├── ReceiptRevoked          401 receipt_revoked
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
    │   ├── PaymentUnnamed          409 payment_unnamed
    │   ├── PaymentIdentifierUsed   409 payment_identifier_used
    │   ├── PaymentRequestPaid      409 payment_request_paid
    │   ├── ClaimUsed               409 claim_used
    │   ├── PaymentReversed         409 payment_reversed
    │   ├── PaidLate                409 paid_late
    │   ├── PaymentRequestExpired   409 payment_request_expired
    │   ├── GiftTooMuch             409 gift_too_much
    │   ├── RefundTooMuch           409 refund_too_much
    │   ├── RefundTooSmall          409 refund_too_small
    │   ├── DeliveryStreamed        409 delivery_streamed        (of a priced handler whose answers are streams)
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
They stand in a file for each family, and are imported from here. A class says whether the same request may be sent
again. `web/problems.py` makes these answers of HTTP.
"""

from paywall.errors.base import Conflict, InternalFault, PaywallError, SetupError, Unauthorized, Unavailable
from paywall.errors.outages import BurnBacklogFull, SignerUnavailable, StorageUnavailable, SupplyExhausted
from paywall.errors.paying import (
    ClaimInvalid,
    ClaimUsed,
    PaidLate,
    PaymentAlreadyUsed,
    PaymentIdentifierUsed,
    PaymentInsufficient,
    PaymentMismatch,
    PaymentPending,
    PaymentRequestExpired,
    PaymentRequestPaid,
    PaymentRequired,
    PaymentReversed,
    PaymentUnnamed,
)
from paywall.errors.uses import (
    CreditsExhausted,
    DeliveryStreamed,
    FulfilmentFailed,
    FulfilmentRefused,
    GiftTooMuch,
    HolderProofInvalid,
    HolderProofRequired,
    IdempotencyKeyReused,
    ReceiptInvalid,
    ReceiptRevoked,
    ReceiptWrongProduct,
    RedemptionInProgress,
    RefundTooMuch,
    RefundTooSmall,
)
from paywall.errors.wire import (
    BadRequest,
    BodyTooLarge,
    HeadersTooLarge,
    MethodNotAllowed,
    NotFound,
    NotJson,
    RangeNotSatisfiable,
    RequestTimeout,
    TooManyRequests,
)

__all__ = [
    "BadRequest",
    "BodyTooLarge",
    "BurnBacklogFull",
    "ClaimInvalid",
    "ClaimUsed",
    "Conflict",
    "CreditsExhausted",
    "DeliveryStreamed",
    "FulfilmentFailed",
    "FulfilmentRefused",
    "GiftTooMuch",
    "HeadersTooLarge",
    "HolderProofInvalid",
    "HolderProofRequired",
    "IdempotencyKeyReused",
    "InternalFault",
    "MethodNotAllowed",
    "NotFound",
    "NotJson",
    "PaidLate",
    "PaymentAlreadyUsed",
    "PaymentIdentifierUsed",
    "PaymentInsufficient",
    "PaymentMismatch",
    "PaymentPending",
    "PaymentRequestExpired",
    "PaymentRequestPaid",
    "PaymentRequired",
    "PaymentReversed",
    "PaymentUnnamed",
    "PaywallError",
    "RangeNotSatisfiable",
    "ReceiptInvalid",
    "ReceiptRevoked",
    "ReceiptWrongProduct",
    "RedemptionInProgress",
    "RefundTooMuch",
    "RefundTooSmall",
    "RequestTimeout",
    "SetupError",
    "SignerUnavailable",
    "StorageUnavailable",
    "SupplyExhausted",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
]
