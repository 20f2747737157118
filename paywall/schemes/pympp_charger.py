"""The method `cardano` for PyPI `pympp`'s servers: `Mpp(methods=cardano_charger(facilitator, "addr1…"))`.

Its routes take `amount` in atoms, as the wire has it: `mpp.charge(amount="2000000")` are 2 ADA.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from paywall.clock import unix_now
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.verdicts import SettleAnswer
from shared import strict_json
from shared.cardano.read.transaction import ParsedTransaction, TransactionError, parse
from shared.dialects.mpp_cardano import METHOD, METHOD_NAME, CardanoCharge, CardanoCredential
from shared.tokens.base64url import decode
from shared.x402_cardano.reasons import ExactReason
from shared.x402_cardano.requirements import EXTERNAL_ID, SCHEME
from shared.x402_cardano.shown_payment import VERSION, payload_of

try:
    from mpp import Credential, Receipt
    from mpp.errors import (
        CredentialReplayedError,
        InternalPaymentError,
        InvalidPayloadError,
        VerificationError,
    )
    from mpp.server.method import RequestContext, ServerMethod, VerifyContext
except ImportError as error:
    raise ImportError("Cardano for PyPI pympp needs the extra mpp: pip install 'paywall[mpp]'") from error


class CardanoPaymentPending(InternalPaymentError):
    """The payment was sent and is not final: the same credential may be sent again, and nothing else be paid.

    The package lets it through to the app, whose handler of exceptions answers with `to_problem_details()`.
    """

    status = 409
    type = "https://paymentauth.org/problems/payment-pending"
    title = "Payment Pending"

    def __init__(self, transaction: str) -> None:
        super().__init__()
        self.details = {"transaction": transaction}


def cardano_charger(
    facilitator: CardanoFacilitator, recipient: str, *, currency: str = "lovelace", confirmations: int = 1
) -> ServerMethod:
    """Each challenge has an `externalId` of its own, which the payment's metadata must name."""
    charging = _Charging(facilitator)
    details = {"network": facilitator.network, "confirmations": confirmations}
    return ServerMethod(
        method=METHOD,
        verify=charging.verify,
        resolve_request=_named,
        defaults={"currency": currency, "recipient": recipient, "methodDetails": details},
    )


def _named(context: RequestContext) -> dict[str, Any]:
    """What is asked for, under the name that was given to it when it was asked for first."""
    shown = None if context.credential is None else _named_in(context.credential)
    return {**context.request, "externalId": shown or secrets.token_hex(32)}


def _named_in(credential: Credential) -> str | None:
    """The package proves by the challenge's id that it was ours, and compares all that was asked for."""
    try:
        asked = strict_json.loads(decode(str(credential.challenge.request)))
        return CardanoCharge.model_validate(asked).externalId
    except ValueError:
        return None


class _Charging:
    def __init__(self, facilitator: CardanoFacilitator) -> None:
        self._facilitator = facilitator

    async def verify(self, context: VerifyContext) -> Receipt:
        """Verifies and settles. Errors: those of the package; `CardanoPaymentPending` while it is not final."""
        asked = CardanoCharge.model_validate(context.challenge.request)
        raw, transaction = _read(context.credential.payload)
        requirements = _requirements(asked, context.challenge.expires)
        shown = {
            "x402Version": VERSION,
            "accepted": requirements,
            "payload": payload_of(raw, transaction.inputs[0]),
        }
        answer = await self._facilitator.settle(shown, requirements)
        return _receipt(answer, asked)


def _read(payload: Any) -> tuple[bytes, ParsedTransaction]:
    """Of the payload as the package has read it: a `CardanoCredential`."""
    assert isinstance(payload, CardanoCredential)
    try:
        raw = base64.b64decode(payload.transaction, validate=True)
        return raw, parse(raw)
    except (binascii.Error, TransactionError) as error:
        raise InvalidPayloadError(f"the transaction cannot be read: {error}") from error


def _requirements(asked: CardanoCharge, expires: str | None) -> Mapping[str, Any]:
    """The same in the words of x402's scheme, which counts newer blocks only."""
    end = datetime.fromisoformat(expires or "")
    policy = {"l1Confirmations": asked.methodDetails.confirmations - 1}
    return {
        "scheme": SCHEME,
        "network": asked.methodDetails.network,
        "asset": asked.currency,
        "amount": asked.amount,
        "payTo": asked.recipient,
        "maxTimeoutSeconds": max(1, int(end.timestamp()) - unix_now()),
        "extra": {"confirmationPolicy": policy, EXTERNAL_ID: asked.externalId},
    }


def _receipt(answer: SettleAnswer, asked: CardanoCharge) -> Receipt:
    if answer.pending:
        raise CardanoPaymentPending(answer.transaction)
    if answer.repeated or answer.reason is ExactReason.DUPLICATE:
        raise CredentialReplayedError("The payment has paid for an answer already.")
    if answer.reason is not None:
        raise VerificationError(
            f"The payment does not hold: {answer.message}.", details={"code": str(answer.reason)}
        )
    return Receipt(
        status="success",
        timestamp=datetime.now(UTC),
        reference=answer.transaction,
        method=METHOD_NAME,
        external_id=asked.externalId,
        payer=answer.payer,
    )
