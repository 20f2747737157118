"""Who may use which credits: a verified receipt, and the holder's proof where the receipt is bound to one.

A receipt's signatures are checked once; the verified claims are kept by the token's hash until it expires.
The holder proof is checked every time.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from paywall.clock import Clock
from paywall.credits.accounts import account_of
from paywall.database.engine import Database
from paywall.errors import (
    HolderProofInvalid,
    HolderProofRequired,
    PaywallError,
    ReceiptInvalid,
    ReceiptWrongProduct,
)
from paywall.keys.identity import Identity
from paywall.redemptions.holder_proofs import UseUp
from shared.tokens import dpop, jws, receipt
from shared.tokens.dpop import HolderProof
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest
from shared.tokens.receipt import Receipt

KEPT = 4096


class Credentials(NamedTuple):
    """What a request shows: the receipt's token, the DPoP proof if there is one, and where it was sent."""

    token: str
    proof: str | None
    method: str
    url_ok: Callable[[str], bool]


class Principal(NamedTuple):
    """Who may use credits: a receipt that holds, what it was paid for, and the proof of its holder's key."""

    receipt: Receipt
    request: PaymentRequest
    proof: HolderProof | None

    @property
    def account_id(self) -> str:
        return account_of(self.receipt.id)


class ReceiptVerifier:
    """Verifies receipts and holder proofs; that a proof was not used before is for the transaction to say."""

    def __init__(self, identity: Identity, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._verified: OrderedDict[str, tuple[Receipt, PaymentRequest]] = OrderedDict()

    def admit(self, presented: Credentials) -> Principal:
        """Errors: ReceiptInvalid, ReceiptWrongProduct (another seller's), HolderProofRequired, HolderProofInvalid."""
        now = self._clock()
        found, request = self._verify(presented.token, now)
        if presented.proof is None:
            if found.holder_thumbprint is not None:
                raise HolderProofRequired
            return Principal(found, request, None)
        try:
            proof = dpop.verify(
                presented.proof,
                method=presented.method,
                url_ok=presented.url_ok,
                now=now,
                token=presented.token,
            )
        except TokenError as error:
            raise HolderProofInvalid(f"The holder proof does not hold: {error}.") from error
        if found.holder_thumbprint is not None and proof.thumbprint != found.holder_thumbprint:
            raise HolderProofInvalid("The receipt is bound to another holder.")
        return Principal(found, request, proof)

    def admit_payer(self, token: str) -> Principal:
        """Who paid for it in the same request. Errors: ReceiptInvalid, HolderProofRequired for a holder's."""
        found, request = self._verify(token, self._clock())
        if found.holder_thumbprint is not None:
            raise HolderProofRequired
        return Principal(found, request, None)

    def _verify(self, token: str, now: int) -> tuple[Receipt, PaymentRequest]:
        key = dpop.token_hash(token)
        known = self._verified.get(key)
        if known is None:
            known = self._verified[key] = self._verify_anew(token, now)
            if len(self._verified) > KEPT:
                self._verified.popitem(last=False)
        elif known[0].expires_at <= now:
            del self._verified[key]
            raise ReceiptInvalid("The receipt has expired.")
        return known

    def _verify_anew(self, token: str, now: int) -> tuple[Receipt, PaymentRequest]:
        try:
            found = receipt.verify(token, self._identity.issuers, now=now)
            _, claims = jws.unverified(found.payment_request_token)
        except TokenError as error:
            raise ReceiptInvalid(f"The receipt does not hold: {error}.") from error
        if not self._identity.is_ours(claims.get("iss")):
            raise ReceiptWrongProduct("The receipt is for another seller.")
        try:
            request = self._identity.read_request(found.payment_request_token)
            request.option(found.payment_option_id)
        except TokenError as error:
            raise ReceiptInvalid(f"The receipt's payment request does not hold: {error}.") from error
        return found, request


def require_product(principal: Principal, product: str) -> None:
    """Errors: ReceiptWrongProduct."""
    if principal.request.order.product != product:
        raise ReceiptWrongProduct(
            f"The receipt is for {principal.request.order.product!r}, this takes {product!r}."
        )


_USE_UP = UseUp()


async def use_up(database: Database, proof: HolderProof | None) -> None:
    """A proof counts once, also that of a request that was refused after it had verified: that may have undone its use.

    Otherwise who saw a refused request could send it again, and be heard, until the proof is too old.
    """
    if proof is not None:
        with suppress(PaywallError):  # the storage is away: the refusal stands
            await database.transact_in_group(_USE_UP, proof)
