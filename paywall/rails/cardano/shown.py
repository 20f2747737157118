"""What a payer shows: the hash of a transaction that was sent, or the bytes of one that was not. Pure."""

import base64
import binascii
import re
from functools import lru_cache

from paywall.errors import ClaimInvalid, PaymentMismatch
from shared.cardano.addresses import InvalidAddressError, key_hash, payment_key_hash
from shared.cardano.metadata import read_payment
from shared.cardano.read.transaction import Output, ParsedTransaction, TransactionError, parse
from shared.dialects.base import Evidence
from shared.keys import PublicKey
from shared.tokens.prt import PaymentOption, token_hash

#: a claim is read more than once on its way (its id, then the check), and repeated until it is settled
PARSED = 64
#: of x402's payments: an output that the transaction spends, "<hash>#<index>"
NONCE = "nonce"
_TX_HASH = re.compile(r"[0-9a-f]{64}")


def shown(evidence: Evidence) -> str | bytes:
    """The hash of a transaction that was sent, or the bytes of one that was not. Errors: ClaimInvalid."""
    tx_hash, raw = evidence.payload.get("txHash"), evidence.payload.get("transaction")
    if isinstance(raw, str):
        raw = _of_base64(raw)  # as x402 and MPP have it
    if isinstance(raw, bytes) and tx_hash is None:
        return raw
    # One spelling alone: the hash is the id that is claimed once, and in capitals it would be another id.
    if isinstance(tx_hash, str) and raw is None and _TX_HASH.fullmatch(tx_hash):
        return tx_hash
    raise ClaimInvalid("The claim does not hold: it shows neither 64 hex digits as txHash nor a transaction.")


def _of_base64(text: str) -> bytes:
    """Errors: ClaimInvalid."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ClaimInvalid("The claim does not hold: the transaction is not base64.") from error


@lru_cache(maxsize=PARSED)
def parsed(raw: bytes) -> ParsedTransaction:
    """Errors: ClaimInvalid."""
    try:
        return parse(raw)
    except TransactionError as error:
        raise ClaimInvalid(f"The transaction cannot be read: {error}.") from error


def check_named(transaction: ParsedTransaction, token: str) -> None:
    """The PRT's hash ties the transaction to this request alone. Errors: PaymentMismatch."""
    if not transaction.auxiliary_data_hash_ok or read_payment(transaction.metadata) != token_hash(token):
        raise PaymentMismatch(
            "The transaction's metadata does not carry the SHA-256 of this payment request token."
        )


def names_none(transaction: ParsedTransaction) -> bool:
    """Whether it names no payment request.

    What it names is told by its body's hash: whoever saw another's transaction can cut off the metadata, and its id
    stays.
    """
    return transaction.auxiliary_data_hash_ok and read_payment(transaction.metadata) is None


def is_bare(evidence: Evidence, transaction: ParsedTransaction) -> bool:
    """Whether it is x402's: it names no payment request, and its `nonce` is an output that it spends.

    Errors: PaymentMismatch for another nonce.
    """
    nonce = evidence.payload.get(NONCE)
    if nonce is None or not names_none(transaction):
        return False
    if nonce not in {f"{tx_hash}#{index}" for tx_hash, index in transaction.inputs}:
        raise PaymentMismatch("The nonce is none of the outputs that the transaction spends.")
    return True


def paying_output(transaction: ParsedTransaction, option: PaymentOption) -> tuple[int, Output]:
    """The output that pays. Errors: PaymentMismatch."""
    paying = [
        (n, output) for n, output in enumerate(transaction.outputs) if output.address == option.recipient
    ]
    if not paying:
        raise PaymentMismatch(f"The transaction pays nothing to {option.recipient}.")
    index, output = max(paying, key=lambda entry: entry[1].lovelace)
    if output.tokens:
        raise PaymentMismatch("The payment must be ADA alone; its output holds other assets.")
    return index, output


def check_anothers(owners: frozenset[str], option: PaymentOption) -> None:
    """Errors: PaymentMismatch for the seller's own money: what he moves in his wallet, others may see on its way."""
    try:
        own = payment_key_hash(option.recipient)
    except InvalidAddressError:
        return  # a script's
    if own in {key_hash(PublicKey.from_did_key(did)) for did in owners}:
        raise PaymentMismatch("The transaction spends money of the address that it pays.")


def check_plain(transaction: ParsedTransaction) -> None:
    """Errors: PaymentMismatch for bytes that do more than pay."""
    if transaction.unusual or transaction.mint:
        what = ", ".join((*transaction.unusual, *(["mint"] if transaction.mint else [])))
        raise PaymentMismatch(
            f"A payment holds inputs, outputs, fee, expiry and metadata alone; this one has: {what}."
        )
