"""A resource: something that can be used for credits."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from paywall.errors import FulfilmentFailed, FulfilmentRefused, SetupError
from paywall.redemptions.fulfilment import DeliveryStore, Fulfilment, QuickFulfilment

_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){2,16}")
#: paths of the API's own, below which no resource can be
OWN = ("/api/catalog", "/api/payments", "/api/credits", "/api/redemptions", "/api/burns")


@dataclass(frozen=True, slots=True)
class Resource:
    """`cost` credits of `product` pay for one use, which burns as many tokens and may take `seconds`.

    It is bought at `POST {path}/buy`, used at `POST {path}/{verb}`, and what was delivered stays at
    `GET {path}/{reference}`. `refused` and `failed` are the errors that its clients are answered with.

    `route` is where a program of the seller's own uses it, in place of `POST {path}/{verb}`. Deliveries of up to
    `inline` bytes stand in the database, the others in `deliveries`.

    `quick`: the fulfilment delivers at once (`QuickFulfilment`), and the database keeps what it delivers; all others
    name where their `deliveries` are kept.
    """

    id: str
    product: str
    path: str
    fulfilment: Fulfilment | QuickFulfilment
    deliveries: DeliveryStore | None = None
    cost: int = 1
    verb: str = "use"
    seconds: int = 120
    route: str | None = None
    inline: int = 0
    refused: type[FulfilmentRefused] = FulfilmentRefused
    failed: type[FulfilmentFailed] = FulfilmentFailed
    quick: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quick", hasattr(self.fulfilment, "deliver"))
        if self.quick != (self.deliveries is None):
            raise ValueError("a resource names where its deliveries are kept, or delivers at once")
        if self.cost < 1:
            raise ValueError("a use costs at least one credit")
        if not _PATH.fullmatch(f"{self.path}/{self.verb}"):
            raise ValueError(
                "a resource's path is of plain letters, begins with a slash and ends without one"
            )

    @property
    def buy_path(self) -> str:
        return f"{self.path}/buy"

    @property
    def use_path(self) -> str:
        return self.route or f"{self.path}/{self.verb}"

    def delivery_path(self, reference: str) -> str:
        return f"{self.path}/{reference}"

    def describe(self) -> dict[str, object]:
        """The resource's entry in `GET /api/catalog`."""
        return {
            "id": self.id,
            "product": self.product,
            "credits": self.cost,
            "buy": self.buy_path,
            "use": self.use_path,
        }


def check_resources(resources: Sequence[Resource]) -> None:
    """Errors: SetupError when two are of one id or path, or one stands where the API has something of its own."""
    for what in ("id", "path"):
        if len({getattr(resource, what) for resource in resources}) != len(resources):
            raise SetupError(f"Two resources have one {what}.")
    for resource in resources:
        if any(resource.path == own or resource.path.startswith(f"{own}/") for own in OWN):
            raise SetupError(f"The path {resource.path} is the API's own.")
