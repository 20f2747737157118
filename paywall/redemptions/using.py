"""One use as its client sees it: show a receipt and ask, get what the resource delivers or what pays for it.

credentials → receipt and holder proof verified → the request read and hashed → redeemed (`redeeming.py`)
"""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

from paywall.clock import Ids
from paywall.errors import (
    BadRequest,
    CreditsExhausted,
    PaymentRequired,
    PaywallError,
    RedemptionInProgress,
)
from paywall.redemptions.access import Credentials, Principal, ReceiptVerifier, require_product
from paywall.redemptions.redeeming import Redeemed, Redeeming
from paywall.redemptions.request import RedemptionRequest, own_key
from paywall.redemptions.resource import Resource
from paywall.sales.selling import Selling
from shared import strict_json
from shared.dialects.base import CreditTerms, Paid
from shared.redemption_commitment import canonical_request

#: between two looks at a use that another copy of the same request began
LOOK_SECONDS = 0.1


class Asked:
    """The body of a request to use a resource, as it was read. `canonical` is made once."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body

    @cached_property
    def canonical(self) -> tuple[str, str]:
        """Its canonical JSON, and the hash of that in hex. Errors: BadRequest."""
        try:
            canonical = canonical_request(self.body)
        except ValueError as error:
            raise BadRequest(f"The request has no canonical form: {error}.") from error
        return canonical.decode(), hashlib.sha256(canonical).hexdigest()


class UseAttempt(NamedTuple):
    """What a client sends: what it shows, what it asks for, and its idempotency key if it has one."""

    credentials: Credentials | None
    asked: Asked
    idempotency_key: str | None


class Using:
    """Uses resources for credits, and sells the credits that a use lacks."""

    def __init__(
        self, selling: Selling, receipt_verifier: ReceiptVerifier, redeeming: Redeeming, ids: Ids
    ) -> None:
        self._selling = selling
        self._receipt_verifier = receipt_verifier
        self._redeeming = redeeming
        self._ids = ids

    async def use(self, resource: Resource, attempt: UseAttempt) -> Redeemed:
        """What one use delivered.

        Errors: PaymentRequired and CreditsExhausted, each with a payment request for the credits of one use;
        ReceiptInvalid, ReceiptWrongProduct, HolderProofRequired, HolderProofInvalid, BadRequest, and
        those of `Redeeming.redeem`.
        """
        if attempt.credentials is None:
            raise await self._unpaid(
                resource, PaymentRequired(f"Buy credits first, at {resource.buy_path}."), None
            )
        principal = self._receipt_verifier.admit(attempt.credentials)
        try:
            return await self._use(resource, principal, attempt)
        except PaywallError:
            await self._redeeming.use_up(principal.proof)
            raise

    def check(self, resource: Resource, asked: Asked) -> None:
        """Whether it can be asked for at all. Errors: BadRequest, FulfilmentRefused."""
        resource.fulfilment.read(dict(asked.body))
        _ = asked.canonical

    async def use_paid(self, resource: Resource, paid: Paid, asked: Asked, patience: float) -> Redeemed:
        """The one use of a payment that was made for it. Who asks again meanwhile waits for it, so long.

        Errors: ReceiptWrongProduct; HolderProofRequired, for what is bound to a holder is used by his proof alone;
        those of `Redeeming.redeem`.
        """
        principal = self._receipt_verifier.admit_payer(paid.receipt)
        attempt = UseAttempt(None, asked, f"payment {paid.payment_request_id}")
        until = asyncio.get_running_loop().time() + patience
        while True:
            try:
                return await self._use(resource, principal, attempt)
            except RedemptionInProgress:
                if asyncio.get_running_loop().time() >= until:
                    raise
            await asyncio.sleep(LOOK_SECONDS)

    async def _use(self, resource: Resource, principal: Principal, attempt: UseAttempt) -> Redeemed:
        require_product(principal, resource.product)
        request = self._request(resource, principal, attempt)
        user = hashlib.sha256(principal.receipt.payer.encode()).hexdigest()
        try:
            return await self._redeeming.redeem(resource, request, user=user)
        except CreditsExhausted as error:
            raise await self._unpaid(resource, error, principal.request.order.holder) from error

    async def _unpaid(
        self, resource: Resource, refusal: PaymentRequired, holder: str | None
    ) -> PaymentRequired:
        """Paying is the remedy: a stored PRT for one use or a few more, where we know whom to bind its credits to."""
        if holder is None and self._selling.use_needs_holder:
            return refusal
        credits = self._selling.at_once(resource.product, resource.cost)
        asked = await self._selling.sell(resource.product, credits, holder, for_use=True)
        return refusal.asking(asked, CreditTerms(resource.product, resource.cost))

    def _request(self, resource: Resource, principal: Principal, attempt: UseAttempt) -> RedemptionRequest:
        # A copy: what the fulfilment does with it is not what the next one finds who asks in the same words.
        document = resource.fulfilment.read(dict(attempt.asked.body))
        canonical, request_hash = attempt.asked.canonical
        redemption_id, key = self._ids(), attempt.idempotency_key
        return RedemptionRequest(
            id=redemption_id,
            account_id=principal.account_id,
            product=resource.product,
            resource=resource.id,
            quantity=resource.cost,
            idempotency_key=key if key is not None else own_key(redemption_id),
            request=canonical,
            request_hash=request_hash,
            document=strict_json.dumps(document),
            owes_burn=principal.request.order.token is not None,
            holder_proof=principal.proof,
        )
