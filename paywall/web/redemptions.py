"""Routes of what was bought and used, whatever resource it is: credits, redemptions, burns."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import ReceiptInvalid
from paywall.proofs.public import HeldUse, Proofs
from paywall.redemptions.access import ReceiptVerifier
from paywall.redemptions.reading import Reading
from paywall.web.credentials import Origins, credentials_of
from paywall.web.paths import at_root
from paywall.web.resources import mounted, presented
from paywall.web.responses import JsonResponse


class RedemptionRoutes:
    """GET /api/credits, /api/redemptions/{id} and /api/burns/{tx_hash}."""

    def __init__(
        self, *, receipt_verifier: ReceiptVerifier, reading: Reading, proofs: Proofs, origins: Origins
    ) -> None:
        self._receipt_verifier = receipt_verifier
        self._reading = reading
        self._proofs = proofs
        self._origins = origins

    async def credits(self, request: Request) -> Response:
        shown = credentials_of(request, {}, self._origins)
        if shown is None:
            raise ReceiptInvalid("Show the receipt whose credits you ask for.")
        balance = await self._reading.balance(self._receipt_verifier.admit(shown))
        return JsonResponse(
            {**balance.buckets(), "expires_at": balance.expires_at, "product": balance.product}
        )

    async def redemption(self, request: Request) -> Response:
        """Anybody may look at the burn; who shows the receipt that paid sees what its leaf binds, and what it was for.

        A proof is there to be handed on: nothing in it leads to the request, or to what was delivered.
        """
        shown = credentials_of(request, {}, self._origins)
        principal = self._receipt_verifier.admit(shown) if shown is not None else None
        found = await self._proofs.redemption(request.path_params["id"], principal)
        return JsonResponse(
            {
                "redemption_id": found.id,
                "state": found.state,
                "product": found.product,
                **_own(found.use, lambda path: at_root(request, path)),
                "burn": found.burn,
            }
        )

    async def burn(self, request: Request) -> Response:
        return JsonResponse(await self._proofs.burn(request.path_params["tx_hash"]))


def _own(use: HeldUse | None, at: Callable[[str], str]) -> Mapping[str, Any]:
    """What was asked for and what came of it, for the holder."""
    if use is None:
        return {}
    if use.resource is None or use.delivery is None:
        return {"request": use.request}
    return {"request": use.request, **presented(use.resource, use.document, mounted(use.delivery, at))}
