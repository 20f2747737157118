"""Issuing a receipt: the signed proof that a payment request was paid, bound to its holder if it has one."""

from collections.abc import Mapping
from typing import NamedTuple

from paywall.clock import Clock, Ids
from paywall.keys.identity import Identity
from paywall.payments.tables import PaymentRow, ReceiptRow
from paywall.revocations.status_places import StatusPlaces
from paywall.sales.tables import PaymentRequestRow
from shared.keys import PublicKey
from shared.tokens import jws, receipt
from shared.tokens.receipt import Receipt

DAY = 86_400


class IssuedReceipt(NamedTuple):
    """The row that will store a receipt, and its place in the status lists."""

    row: ReceiptRow
    status_index: int


class PassedReceipt(NamedTuple):
    """A receipt for who was given credits of another one. It says the same, and ends at the same time."""

    id: str
    token: str
    expires_at: int
    status_index: int


class Receipts:
    """Signs receipts. `validity_days` are by product; what left the catalog is good for as long as any there."""

    def __init__(
        self,
        *,
        identity: Identity,
        places: StatusPlaces,
        validity_days: Mapping[str, int],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._identity = identity
        self._places = places
        self._validity_days = validity_days
        self._clock = clock
        self._ids = ids

    async def issue(
        self, request: PaymentRequestRow, payment: PaymentRow, metadata: Mapping[str, str]
    ) -> IssuedReceipt:
        """A signed receipt; `metadata` is what the rail says. Nothing is written but that its place is taken."""
        assert request.token is not None, "what is paid has its token"
        now, place = self._clock(), await self._places.take()
        claims = Receipt(
            id=f"urn:uuid:{self._ids()}",
            issuer=self._identity.did,
            payer=payment.payer,
            issued_at=now,
            expires_at=now + self._days(request.product) * DAY,
            payment_request_token=request.token,
            payment_option_id=payment.option_id,
            metadata=dict(metadata),
            holder_thumbprint=PublicKey.from_did_key(request.holder).thumbprint if request.holder else None,
            status=self._places.status(place),
        )
        row = ReceiptRow(
            id=claims.id,
            payment_request_id=request.id,
            payment_id=payment.id,
            payer=payment.payer,
            token=await self._identity.sign_receipt(receipt.claims(claims)),
            created_at=now,
            expires_at=claims.expires_at,
        )
        return IssuedReceipt(row, place)

    async def pass_on(self, token: str, receiver: PublicKey) -> PassedReceipt:
        """A receipt for what the one of `token`, which is ours, was paid for. Nothing is written but its place."""
        was, place = jws.read(token).payload, await self._places.take()
        subject = was["vc"]["credentialSubject"]
        claims = Receipt(
            id=f"urn:uuid:{self._ids()}",
            issuer=self._identity.did,
            payer=was["sub"],
            issued_at=self._clock(),
            expires_at=was["exp"],
            payment_request_token=subject["paymentRequestToken"],
            payment_option_id=subject["paymentOptionId"],
            metadata=subject["metadata"],
            holder_thumbprint=receiver.thumbprint,
            status=self._places.status(place),
        )
        signed = await self._identity.sign_receipt(receipt.claims(claims))
        return PassedReceipt(claims.id, signed, claims.expires_at, place)

    def _days(self, product: str) -> int:
        """Paid for is paid for: a product may leave the catalog while its payment settles."""
        return self._validity_days.get(product, max(self._validity_days.values()))


def transaction_of(row: ReceiptRow) -> str | None:
    """The hash of the transaction that paid, where the receipt says one: a rail may learn it when it settles."""
    subject = jws.read(row.token).payload["vc"]["credentialSubject"]
    found = subject["metadata"].get("txHash")
    return found if isinstance(found, str) else None
