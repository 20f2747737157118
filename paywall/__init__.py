"""The seller: signed 402s, multi-use receipts, one provable burn for each use.

    from paywall import Paywall, Settings

    app = Paywall(Settings(data_dir="shop"))       # `uvicorn module:app` starts and stops it

What a program needs is imported from here; the rest is loaded when a Paywall starts.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Unpack

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from paywall.environment import read_settings as read_settings
    from paywall.errors.base import PaywallError as PaywallError
    from paywall.errors.base import SetupError as SetupError
    from paywall.errors.uses import FulfilmentFailed as FulfilmentFailed
    from paywall.errors.uses import FulfilmentRefused as FulfilmentRefused
    from paywall.products.files import DeliveryFiles as DeliveryFiles
    from paywall.rails.base import CheckedPayment as CheckedPayment
    from paywall.rails.base import Failed as Failed
    from paywall.rails.base import Pending as Pending
    from paywall.rails.base import Rail as Rail
    from paywall.rails.base import Settled as Settled
    from paywall.rails.base import StoredPayment as StoredPayment
    from paywall.redemptions.fulfilment import Delivery as Delivery
    from paywall.redemptions.fulfilment import Fulfilment as Fulfilment
    from paywall.redemptions.fulfilment import UseOrder as UseOrder
    from paywall.redemptions.resource import Resource as Resource
    from paywall.sales.prices import PriceTier as PriceTier
    from paywall.sales.prices import Product as Product
    from paywall.seller import Seller as Seller
    from paywall.settings import Settings as Settings
    from paywall.web.priced.declared import PricedResource as PricedResource
    from paywall.web.priced.declared import PricedTerms as PricedTerms
    from shared.dialects.base import Dialect as Dialect
    from shared.dialects.base import Evidence as Evidence
    from shared.dialects.base import StoredRequest as StoredRequest
    from shared.money import Money as Money
    from shared.tokens.prt import PaymentOption as PaymentOption

__version__ = "0.1.0"

_HOMES = {
    "CheckedPayment": "paywall.rails.base",
    "Delivery": "paywall.redemptions.fulfilment",
    "DeliveryFiles": "paywall.products.files",
    "Dialect": "shared.dialects.base",
    "Evidence": "shared.dialects.base",
    "Failed": "paywall.rails.base",
    "Fulfilment": "paywall.redemptions.fulfilment",
    "FulfilmentFailed": "paywall.errors.uses",
    "FulfilmentRefused": "paywall.errors.uses",
    "Money": "shared.money",
    "PaymentOption": "shared.tokens.prt",
    "PaywallError": "paywall.errors.base",
    "Pending": "paywall.rails.base",
    "PriceTier": "paywall.sales.prices",
    "PricedResource": "paywall.web.priced.declared",
    "PricedTerms": "paywall.web.priced.declared",
    "Product": "paywall.sales.prices",
    "Rail": "paywall.rails.base",
    "Resource": "paywall.redemptions.resource",
    "Seller": "paywall.seller",
    "Settings": "paywall.settings",
    "Settled": "paywall.rails.base",
    "SetupError": "paywall.errors.base",
    "StoredPayment": "paywall.rails.base",
    "StoredRequest": "shared.dialects.base",
    "UseOrder": "paywall.redemptions.fulfilment",
    "read_settings": "paywall.environment",
}
__all__ = [*_HOMES, "Paywall"]  # noqa: PLE0604  the names of the table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'paywall' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


class Paywall:
    """An ASGI app that sells. It starts and stops itself in its lifespan.

    Mounted below another app, whose lifespan is the only one that a server runs, it starts at its first request; to
    start with the app, enter `running()` in its lifespan.
    """

    def __init__(
        self,
        settings: "Settings",
        *,
        resources: "Sequence[Resource] | None" = None,
        rails: "Sequence[Rail]" = (),
        products: "Sequence[Product]" = (),
        dialects: "Sequence[Dialect]" = (),
    ) -> None:
        """`resources` take the place of the images, `products` are sold beside the catalog's.

        `rails` are offered after those that PAYWALL_RAILS names, and `dialects` spoken beside ACK-Pay.
        """
        self.settings = settings
        self._parts: dict[str, Any] = {
            "resources": resources,
            "rails": rails,
            "products": products,
            "dialects": dialects,
        }
        self._priced: dict[str, PricedResource] = {}
        self._seller: Seller | None = None
        self._starting: asyncio.Task[None] | None = None

    def resource(self, resource_id: str, **terms: "Unpack[PricedTerms]") -> "PricedResource":
        """A resource whose handlers are yours: `@report.priced`. It takes the place of the images, as `resources` do.

        It is bought at `POST /api/{resource_id}/buy`. Errors: SetupError.
        """
        from paywall.errors import SetupError
        from paywall.web.priced.declared import PricedResource

        if self._seller is not None or resource_id in self._priced:
            raise SetupError(f"The resource {resource_id!r} is declared once, before the Paywall runs.")
        declared = self._priced[resource_id] = PricedResource(resource_id, self.seller, terms)
        return declared

    async def seller(self) -> "Seller":
        """The seller that runs. Where no lifespan started it, the first request does, and it runs as long as the loop.

        Errors: SetupError.
        """
        if self._seller is None:
            if self._starting is None or self._starting.done():
                self._started = asyncio.get_running_loop().create_future()
                self._starting = asyncio.create_task(self._run())
            await asyncio.shield(self._started)
        assert self._seller is not None
        return self._seller

    async def _run(self) -> None:
        """Until the loop ends: `asyncio.run` cancels what is left, and waits for its end."""
        try:
            async with self.running():
                self._started.set_result(None)
                await asyncio.Event().wait()
        except Exception as error:  # noqa: BLE001  for those who wait for it
            self._started.set_exception(error)

    @asynccontextmanager
    async def running(self) -> "AsyncIterator[Seller]":
        """Sell until the block ends, with the worker. Errors: SetupError."""
        from paywall.compose import open_seller
        from paywall.ops.worker import working
        from paywall.settings import check

        if self._seller is not None:
            raise RuntimeError("This Paywall runs already.")
        check(self.settings)
        parts = self._parts | {"priced": tuple(self._priced.values())}
        async with open_seller(self.settings, **parts) as seller, working(seller.worker):
            self._seller = seller
            # What is loaded by now lives as long as we do. To look through all of it again and again took 0.15 s each
            # time, in which the app that we are part of answered nobody.
            gc.freeze()
            try:
                yield seller
            finally:
                gc.unfreeze()
                self._seller = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        await (await self.seller()).app(scope, receive, send)

    async def operator(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """An ASGI app: /metrics and the parts of /readyz. Mount it where the operator alone can reach it."""
        if self._seller is None:
            raise RuntimeError("This Paywall is not running.")
        await self._seller.operator(scope, receive, send)

    async def _live(self, receive: "Receive", send: "Send") -> None:
        """The lifespan protocol of ASGI 3."""
        await receive()
        phase = "startup"
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
                phase = "shutdown"
        except Exception as error:  # noqa: BLE001  the server says it, and ends
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})
