"""The port of what a credit buys: a request goes in, one finished delivery comes out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}(?:; ?[ -~]{1,127})?")


class UseOrder(NamedTuple):
    """One attempt to fulfil the `document` that was read.

    `user` stands for the end user, and is a hash already (64 hex digits).
    """

    redemption_id: str
    document: Mapping[str, Any]
    user: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the use gave: the bytes of one complete answer, which never change."""

    body: bytes
    media_type: str

    def __post_init__(self) -> None:
        # Before anything is captured: what no header can carry would spoil every answer to this use.
        if not isinstance(self.body, bytes) or not _MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError("a delivery is bytes of a media type such as text/plain")


class StoredDelivery(NamedTuple):
    """Where a delivery can be had, and the SHA-256 of its body in hex."""

    reference: str
    url: str
    media_type: str
    sha256: str


class Fulfilment(Protocol):
    """Delivers one resource. One instance serves many requests at once."""

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the body of a request asks for, as JSON with every choice made: it is stored and performed.

        Errors: BadRequest, FulfilmentRefused.
        """

    async def perform(self, order: UseOrder) -> Delivery:
        """Deliver; repeatable under `order.redemption_id`.

        Errors: FulfilmentRefused (final: replayed under the same key) and FulfilmentFailed (the same key may try
        again). Anything else counts as a failure of the resource. The credits are released in every case.
        """

    async def aclose(self) -> None:
        """Release connections."""


class QuickFulfilment(Protocol):
    """Delivers a resource in well under a millisecond and at no cost: within the transaction that takes its credits.

    Its deliveries stand in the database, so that the credits, the delivery and the burn are one commit.
    """

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """As `Fulfilment.read`."""

    def deliver(self, order: UseOrder) -> Delivery:
        """Deliver; the same for the same order, for a transaction that is undone may be run again.

        Errors: as those of `Fulfilment.perform`.
        """

    async def aclose(self) -> None:
        """Release what it holds."""


@runtime_checkable
class PresentsDelivery(Protocol):
    """The ability to name deliveries in its own words in JSON answers; without it they are `delivery`."""

    def present(self, document: Mapping[str, Any], delivery: StoredDelivery) -> Mapping[str, Any]:
        """Members of the answer to a redemption, and of what its holder sees of it later. Nobody else sees them."""


@dataclass(frozen=True, slots=True)
class UseDescription:
    """How a resource looks from outside, for the OpenAPI document: JSON Schemas by their names, and words.

    `request` and `answer` name schemas. `examples` map a schema's name to an example of it.
    """

    title: str
    summary: str
    media_types: tuple[str, ...]
    request: str
    answer: str
    schemas: Mapping[str, Any]
    examples: Mapping[str, Any]


@runtime_checkable
class Described(Protocol):
    """The ability to say in JSON Schema what it takes and gives."""

    def describe(self) -> UseDescription: ...


class DeliveryStore(Protocol):
    """Keeps deliveries for good."""

    async def put(self, reference: str, delivery: Delivery) -> str:
        """Store once, for good when it returns; the SHA-256 of the body in hex.

        The same may be put again. Another body under the same reference is an error, and so is a reference that
        is not the seller's own (ValueError): neither changes anything.
        """

    async def get(self, reference: str) -> bytes | None:
        """The whole body, or None when there is none; a text that is no reference names none."""
