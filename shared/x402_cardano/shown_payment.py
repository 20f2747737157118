"""What a payer shows by the scheme: x402 v2's `PaymentPayload` with a signed transaction that nobody submitted."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.cardano.coins import OutputReference
from shared.cardano.read.outputs import SignatureError
from shared.cardano.read.transaction import MAX_SIZE, ParsedTransaction, TransactionError, parse
from shared.x402_cardano.reasons import ExactReason, ExactRefusal
from shared.x402_cardano.requirements import SCHEME, ExactRequirements, canonical_network, read_requirements

VERSION = 2
_NONCE = re.compile(r"([0-9a-fA-F]{64})#([0-9]{1,5})")
_LONGEST = -(-MAX_SIZE // 3) * 4


@dataclass(frozen=True, slots=True)
class ExactPayment:
    """A transaction, its bytes, the output that is its nonce, and what it is shown for."""

    requirements: ExactRequirements
    transaction: ParsedTransaction
    raw: bytes
    nonce: OutputReference


def read_payment(payment: object, requirements: object) -> ExactPayment:
    """Of x402's two documents; the seller's word is `requirements`, never what the payer gave back of it.

    Errors: ExactRefusal.
    """
    if not isinstance(payment, Mapping):
        raise ExactRefusal(ExactReason.PAYLOAD, "the payment payload is an object")
    if payment.get("x402Version") != VERSION:
        raise ExactRefusal(ExactReason.VERSION, f"x402 is spoken in version {VERSION} here")
    asked = read_requirements(requirements)
    accepted, payload = payment.get("accepted"), payment.get("payload")
    if not isinstance(accepted, Mapping) or not isinstance(payload, Mapping):
        raise ExactRefusal(ExactReason.PAYLOAD, "accepted and payload are objects")
    if accepted.get("scheme") != SCHEME:
        raise ExactRefusal(ExactReason.SCHEME, f"the scheme is {SCHEME} here")
    network = accepted.get("network")
    if not isinstance(network, str) or canonical_network(network) != asked.network:
        raise ExactRefusal(ExactReason.NETWORK, "the payment is for another network")
    text, nonce = payload.get("transaction"), payload.get("nonce")
    if not isinstance(text, str) or not isinstance(nonce, str):
        raise ExactRefusal(ExactReason.PAYLOAD, "transaction and nonce are texts")
    named = _nonce(nonce)
    raw = _bytes(text)
    return ExactPayment(asked, _parsed(raw), raw, named)


def payload_of(raw: bytes, nonce: OutputReference) -> dict[str, str]:
    """The scheme's `payload`."""
    tx_hash, index = nonce
    return {"transaction": base64.b64encode(raw).decode("ascii"), "nonce": f"{tx_hash}#{index}"}


def _nonce(text: str) -> OutputReference:
    match = _NONCE.fullmatch(text)
    if match is None:
        raise ExactRefusal(ExactReason.NONCE, "the nonce is an output as <hash>#<index>")
    return match[1].lower(), int(match[2])


def _bytes(text: str) -> bytes:
    if len(text) > _LONGEST:
        raise ExactRefusal(ExactReason.UNREADABLE, f"the transaction is larger than {MAX_SIZE} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ExactRefusal(ExactReason.PAYLOAD, "the transaction is not base64") from error


def _parsed(raw: bytes) -> ParsedTransaction:
    try:
        return parse(raw)
    except SignatureError as error:
        raise ExactRefusal(ExactReason.SIGNATURE, str(error)) from error
    except TransactionError as error:
        raise ExactRefusal(ExactReason.UNREADABLE, str(error)) from error
