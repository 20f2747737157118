"""Why a payment is refused, in the words that other facilitators of the scheme use."""

from enum import StrEnum


class ExactReason(StrEnum):
    """`invalidReason` of a verification, `errorReason` of a settlement."""

    VERSION = "invalid_exact_cardano_payload_unsupported_version"
    SCHEME = "unsupported_scheme"
    NETWORK = "network_mismatch"
    REQUIREMENTS = "invalid_exact_cardano_requirements"
    POLICY = "invalid_exact_cardano_requirements_policy"
    PAYLOAD = "invalid_exact_cardano_payload"
    NONCE = "invalid_exact_cardano_payload_nonce_invalid"
    UNREADABLE = "invalid_exact_cardano_payload_transaction_decode_failed"
    UNSIGNED = "invalid_exact_cardano_payload_unsigned"
    SIGNATURE = "invalid_exact_cardano_payload_invalid_signature"
    NETWORK_ID = "invalid_exact_cardano_payload_network_id_mismatch"
    NONCE_NOT_SPENT = "invalid_exact_cardano_payload_nonce_not_in_inputs"
    NONCE_GONE = "invalid_exact_cardano_payload_nonce_not_on_chain"
    INPUT_GONE = "invalid_exact_cardano_payload_input_not_available"
    EXPIRED = "invalid_exact_cardano_payload_ttl_expired"
    EXPIRES_LATE = "invalid_exact_cardano_payload_ttl_too_far"
    NOT_YET = "invalid_exact_cardano_payload_not_yet_valid"
    RECIPIENT = "invalid_exact_cardano_payload_recipient_mismatch"
    ASSET = "invalid_exact_cardano_payload_asset_mismatch"
    AMOUNT = "invalid_exact_cardano_payload_amount_insufficient"
    MIN_UTXO = "invalid_exact_cardano_payload_min_utxo_insufficient"
    UNBALANCED = "invalid_exact_cardano_payload_value_not_conserved"
    FEE = "invalid_exact_cardano_payload_fee_below_minimum"
    PHASE_1 = "invalid_exact_cardano_payload_phase1_invalid"
    CHAIN = "exact_cardano_facilitator_chain_lookup_failed"
    #: of settlements alone
    DUPLICATE = "duplicate_settlement"
    REJECTED = "exact_cardano_settlement_definitively_rejected"
    FAILED = "exact_cardano_settlement_failed"
    #: the only one that is no refusal: settle the same payment again, and never pay again
    PENDING = "settlement_pending"


class ExactRefusal(ValueError):
    """A payment that does not hold: `reason` for programs, `message` for people, `payer` where he is known."""

    def __init__(self, reason: ExactReason, message: str, payer: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.payer = payer
