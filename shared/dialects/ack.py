"""ACK-Pay on the wire: the payer's claim that it has paid, and the seller's challenge.

The claim is what ACK's receipt service takes (`POST {"payload": <JWT signed by the payer>}`); the challenge
comes as ACK Lab's raw token or as the ACK demo's JSON.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from shared import strict_json
from shared.keys import InvalidKeyError, PublicKey, SigningKey
from shared.tokens import fields, jws
from shared.tokens.jws import TokenError

MAX_CLAIM_BYTES = 49152  # a payment request token and a transaction, in base64 twice
MAX_TRANSACTION = 16384  # bytes; Cardano's own limit
CLAIM_LIFETIME = 600  # seconds

_TX_HASH = re.compile(r"[0-9a-f]{64}")
_TEXT_TYPES = ("application/jwt", "text/plain")
_JSON_TYPES = ("application/json", "application/problem+json")


@dataclass(frozen=True, slots=True)
class PaymentClaim:
    """The payer (a did:key) says: this payment option is paid on `network`.

    Exactly one of `tx_hash` (64 hex digits, already sent) and `transaction` (signed bytes, not yet sent).
    """

    payment_request_token: str
    option_id: str
    payer: str
    network: str
    tx_hash: str | None
    transaction: bytes | None

    def __post_init__(self) -> None:
        if (self.tx_hash is None) == (self.transaction is None):
            raise ValueError("a payment claim has either a transaction hash or a transaction")


def claim_token(claim: PaymentClaim, key: SigningKey, *, now: int) -> str:
    """Return the claim signed by the payer's `key`: the "payload" of POST /api/payments."""
    if claim.payer != key.public.did:
        raise ValueError("a payment claim is signed by its payer")
    proof = (
        {"txHash": claim.tx_hash}
        if claim.transaction is None
        else {"transaction": base64.b64encode(claim.transaction).decode("ascii")}
    )
    return jws.sign(
        {
            "iss": claim.payer,
            "iat": now,
            "exp": now + CLAIM_LIFETIME,
            "paymentRequestToken": claim.payment_request_token,
            "paymentOptionId": claim.option_id,
            "payerDid": claim.payer,
            "metadata": {"network": claim.network, **proof},
        },
        key,
    )


def read_claim(token: str, *, now: int) -> PaymentClaim:
    """Return a claim that its own payer signed within the last ten minutes; TokenError otherwise.

    `exp` may be absent (ACK's client sets none): the claim's age bounds it all the same.
    """
    unverified = jws.read(token, max_bytes=MAX_CLAIM_BYTES)
    payer = fields.text(unverified.payload, "payerDid")
    try:
        key = PublicKey.from_did_key(payer)
    except InvalidKeyError as error:
        raise TokenError("bad_key", str(error)) from error
    payload = unverified.verified_by((key,), typ="JWT")
    if payload.get("iss") != payer:
        raise TokenError("wrong_issuer", "a payment claim is signed by its payer")
    fields.refuse_audience(payload)
    issued_at = fields.check_started(payload, "iat", now)
    fields.check_running(issued_at + CLAIM_LIFETIME, now)
    if "exp" in payload:
        fields.check_running(fields.whole(payload, "exp"), now)
    metadata = fields.mapping(payload, "metadata")
    tx_hash, transaction = _proof(metadata)
    return PaymentClaim(
        payment_request_token=fields.text(payload, "paymentRequestToken"),
        option_id=fields.text(payload, "paymentOptionId"),
        payer=payer,
        network=fields.text(metadata, "network"),
        tx_hash=tx_hash,
        transaction=transaction,
    )


def read_challenge(body: bytes, content_type: str) -> str:
    """Return the payment request token in the body of a 402; TokenError when there is none of good form.

    Its signature is not checked here: whose it must be is for the buyer to say.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type in _TEXT_TYPES:
            token: object = body.decode("ascii").strip()
        elif media_type in _JSON_TYPES:
            value = strict_json.loads(body)
            token = value.get("paymentRequestToken") if isinstance(value, dict) else None
        else:
            raise TokenError("unknown_challenge", f"cannot read a challenge of type {media_type[:80]!r}")
    except ValueError as error:
        if isinstance(error, TokenError):
            raise
        raise TokenError("malformed", f"the challenge cannot be read: {error}") from error
    if not isinstance(token, str):
        raise TokenError("unknown_challenge", "the challenge holds no payment request token")
    jws.read(token)
    return token


def _proof(metadata: dict[str, Any]) -> tuple[str | None, bytes | None]:
    if ("txHash" in metadata) == ("transaction" in metadata):
        raise fields.bad("metadata", "has not exactly one of txHash and transaction")
    if "txHash" in metadata:
        tx_hash = fields.text(metadata, "txHash")
        if not _TX_HASH.fullmatch(tx_hash):
            raise fields.bad("metadata.txHash", "is not 64 hex digits")
        return tx_hash, None
    return None, _transaction(metadata["transaction"])


def _transaction(value: object) -> bytes:
    try:
        raw = base64.b64decode(value) if isinstance(value, str) else b""
    except (binascii.Error, ValueError) as error:
        raise fields.bad("metadata.transaction", "is not base64") from error
    if not 0 < len(raw) <= MAX_TRANSACTION or base64.b64encode(raw).decode("ascii") != value:
        raise fields.bad("metadata.transaction", f"is not base64 of 1 to {MAX_TRANSACTION} bytes")
    return raw
