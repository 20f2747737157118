"""Routes of the use: generate, credits, redemptions, burns, pictures."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.clock import Ids
from paywall.errors import BadRequest, CreditsExhausted, PaymentRequired, PromptRefused, ReceiptInvalid
from paywall.products.images.maker import Subject
from paywall.products.images.subject import SubjectError, read_subject
from paywall.proofs.public import Proofs
from paywall.redemptions.access import Principal, ReceiptVerifier, require_product
from paywall.redemptions.redeeming import Redeemed, Redeeming
from paywall.redemptions.request import RedemptionRequest
from paywall.sales.selling import Selling
from paywall.web.bodies import read_object, wants_json
from paywall.web.credentials import Origins, credentials_of, idempotency_key
from paywall.web.problems import JsonResponse
from shared.redemption_commitment import request_hash


class RedemptionRoutes:
    def __init__(
        self,
        *,
        selling: Selling,
        receipt_verifier: ReceiptVerifier,
        redeeming: Redeeming,
        proofs: Proofs,
        product: str,
        origins: Origins,
        ids: Ids,
    ) -> None:
        self._selling = selling
        self._receptions = receipt_verifier
        self._redeeming = redeeming
        self._proofs = proofs
        self._product = product
        self._origins = origins
        self._ids = ids

    async def generate(self, request: Request) -> Response:
        """One credit, one picture. The check sits here, in the handler: no path spelling goes around it."""
        body = await read_object(request)
        shown = credentials_of(request, body, self._origins)
        if shown is None:
            raise PaymentRequired("Buy credits first.", token=await self._fresh_token(None))
        access = self._receptions.admit(shown)
        require_product(access, self._product)
        wish = self._wish(access, body, idempotency_key(request))
        payer = hashlib.sha256(access.receipt.payer.encode()).hexdigest()
        try:
            redeemed = await self._redeeming.redeem(wish, safety_identifier=payer)
        except CreditsExhausted as error:
            error.token = await self._fresh_token(access.request.order.holder)
            raise
        return _picture(request, redeemed)

    async def _fresh_token(self, holder: str | None) -> str:
        """Paying is the remedy: a stored PRT for one credit."""
        return (await self._selling.sell(self._product, 1, holder)).token

    def _wish(self, access: Principal, body: Mapping[str, Any], key: str | None) -> RedemptionRequest:
        subject = _subject(body)
        asked = {name: body[name] for name in ("name", "prompt") if name in body}
        redemption_id = self._ids()
        return RedemptionRequest(
            id=redemption_id,
            account_id=access.receipt.id,
            product=self._product,
            idempotency_key=key if key is not None else f"redemption {redemption_id}",
            request_hash=request_hash(asked).hex(),
            subject_kind=subject.kind,
            subject_text=subject.text,
            holder_proof=access.proof,
        )

    async def credits(self, request: Request) -> Response:
        shown = credentials_of(request, {}, self._origins)
        if shown is None:
            raise ReceiptInvalid("Show the receipt whose credits you ask for.")
        access = self._receptions.admit(shown)
        balance = await self._proofs.balance(access)
        return JsonResponse(
            {**balance.buckets(), "expires_at": balance.expires_at, "product": balance.product}
        )

    async def redemption(self, request: Request) -> Response:
        """Anybody may look; who shows the receipt that paid for it sees what the burn's leaf binds."""
        shown = credentials_of(request, {}, self._origins)
        access = self._receptions.admit(shown) if shown is not None else None
        return JsonResponse(await self._proofs.redemption(request.path_params["id"], access))

    async def burn(self, request: Request) -> Response:
        return JsonResponse(await self._proofs.burn(request.path_params["tx_hash"]))

    async def image(self, request: Request) -> Response:
        """The picture behind an id that cannot be guessed; it never changes."""
        data, media_type, sha256 = await self._proofs.picture(request.path_params["id"])
        headers = {"Cache-Control": "private, immutable, max-age=31536000", "ETag": f'"{sha256}"'}
        return Response(data, 200, headers, media_type=media_type)


def _subject(body: Mapping[str, Any]) -> Subject:
    try:
        return read_subject(body, secrets.choice)
    except SubjectError as error:
        raise (PromptRefused if error.refused else BadRequest)(str(error)) from error


def _picture(request: Request, redeemed: Redeemed) -> Response:
    headers = {
        "Credits-Remaining": str(redeemed.credits_remaining),
        "Redemption-Id": redeemed.redemption_id,
        "Location": f"/api/redemptions/{redeemed.redemption_id}",
        "Cache-Control": "no-store",
    }
    if not wants_json(request):
        return Response(redeemed.data, 200, headers, media_type=redeemed.media_type)
    return JsonResponse(
        {
            "redemption_id": redeemed.redemption_id,
            "credits_remaining": redeemed.credits_remaining,
            "subject": redeemed.subject,
            "image": {
                "url": f"/api/images/{redeemed.image_id}",
                "media_type": redeemed.media_type,
                "sha256": redeemed.sha256,
            },
        },
        200,
        headers,
    )
