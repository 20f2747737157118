"""The rail `acklab`: ACK Lab takes the payer's money, and its receipt is the proof.

The payer asks for instructions first: the payment request that is made for ours at ACK Lab, under our id. The money has
moved when its receipt is shown; there is nothing to settle, and nobody to ask what became of it.
"""

import logging
from collections.abc import Callable
from functools import lru_cache, partial

from paywall.clock import Clock
from paywall.errors import ClaimInvalid, PaymentMismatch, Unavailable
from paywall.rails.acklab import lab_receipt
from paywall.rails.acklab.acklab_option import AckLabTerms
from paywall.rails.acklab.issuers import TrustedIssuers
from paywall.rails.acklab.lab_receipt import LabReceipt
from paywall.rails.base import JSON, CheckedPayment, Instructions, RailOutcome, Settled, StoredPayment
from shared import acklab_service
from shared.acklab import AckLabRefused
from shared.chain.acklab_calls import AckLabCalls
from shared.chain.transport import NoAnswer, NotSent
from shared.dialects.base import Evidence, StoredRequest
from shared.text import clean
from shared.tokens import plain_request
from shared.tokens.jws import TokenError
from shared.tokens.plain_request import PlainRequest
from shared.tokens.prt import PaymentOption

log = logging.getLogger("paywall.rails.acklab")
#: the members of what a payer shows, and of what he is told
RECEIPT, TOKEN, PAGE = "receipt", "paymentRequestToken", "url"


class AckLabRail:
    """A `Rail`, `Hosted`, paid through ACK Lab."""

    id = "acklab"

    def __init__(
        self,
        terms: AckLabTerms,
        calls: AckLabCalls,
        issuers: TrustedIssuers,
        clock: Clock,
        asked: Callable[[], None],
    ) -> None:
        """`asked` counts a call for whoever makes us make it."""
        self._terms = terms
        self._calls = calls
        self._asked = asked
        self._issuers = issuers
        self._clock = clock
        self.quote = lru_cache(maxsize=256)(partial(terms.quote, self.id))  # a dollar stays a dollar

    def describe(self) -> dict[str, JSON]:
        return {"id": self.id, **self._terms.describe()}

    async def prepare(self, request: StoredRequest) -> Instructions:
        """The payment request there. What is made twice is made under one id, and only the stored one is handed out."""
        asked, option = request.request, request.request.option(self.id)
        self._asked()
        try:
            token, page = await self._calls.create_payment_request(asked.id, option.amount, asked.description)
            made = plain_request.read(token)
        except (NotSent, NoAnswer, AckLabRefused, TokenError) as error:
            log.warning("ACK Lab made no payment request: %s: %s", type(error).__name__, clean(error))
            raise Unavailable(
                "ACK Lab does not make a payment request at the moment; nothing was changed."
            ) from error
        if not _asks_for(made, asked.id, option):
            raise Unavailable("ACK Lab has made another payment request than the one that was wanted.")
        told = {TOKEN: token, **({PAGE: page} if page else {})}
        return Instructions(self.id, told, made.expires_at)

    def external_id(self, evidence: Evidence) -> str:
        """Issuer and id of the request that was paid there; neither the receipt's text nor its id is one."""
        return self._shown(evidence).request.name

    def _shown(self, evidence: Evidence) -> LabReceipt:
        """Errors: ClaimInvalid."""
        token = evidence.payload.get(RECEIPT)
        if not isinstance(token, str):
            raise ClaimInvalid("A payment by ACK Lab is shown by its receipt.")
        if not evidence.payer:
            # In dialects whose payers sign nothing, whoever read the receipt could show it as his own.
            raise ClaimInvalid("A receipt of ACK Lab is claimed by a payer who signs.")
        return lab_receipt.read(token)

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        found, option = self._shown(evidence), request.request.option(evidence.option_id)
        if evidence.network != option.network:
            raise PaymentMismatch(f"The payment is on {evidence.network}; {option.network} was asked for.")
        lab_receipt.verify(found, await self._issuers.keys(found.issuer), self._clock())
        return CheckedPayment(
            external_id=found.request.name,
            amount=lab_receipt.amount_paid(found, request.request.id, option),
            paid_at=found.paid_at,
            owners=frozenset({found.payer}),
            state={"paid_at": found.paid_at, "receipt_id": found.id, "receipt": found.token},
        )

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        """The receipt was the proof."""
        paid_at = payment.state["paid_at"]
        assert isinstance(paid_at, int)
        return Settled(paid_at, 1)

    def receipt_metadata(self, payment: StoredPayment) -> dict[str, str]:
        return {
            "network": acklab_service.NETWORK,
            "paymentRequest": payment.external_id,
            "receipt": str(payment.state["receipt_id"]),
        }

    async def aclose(self) -> None:
        await self._calls.aclose()
        await self._issuers.aclose()


def _asks_for(made: PlainRequest, request_id: str, option: PaymentOption) -> bool:
    """Whether it is ours, and whichever of its options is paid, pays ours."""
    wanted = (option.amount, option.currency, option.decimals, option.recipient)
    same = all((one.amount, one.currency, one.decimals, one.recipient) == wanted for one in made.options)
    return same and (made.issuer, made.id) == (option.recipient, request_id)
