"""The contract of what a credit buys: every class in paywall/products, and in somebody else's package, that fulfils.

The suite finds a new one by itself and fails until WAYS says how it is opened. What only some can do besides is in
test_fulfilment_abilities.py.
"""

import asyncio
import copy
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import paywall.products
from paywall.errors import BadRequest, FulfilmentFailed, FulfilmentRefused
from paywall.products.images.fulfilment import ImageFulfilment
from paywall.products.images.maker import Picture, Subject
from paywall.redemptions.fulfilment import Delivery, Fulfilment, UseOrder
from shared import strict_json
from tests.support.outside.resource import Weather
from tests.support.world.any_json import objects
from tests.support.world.image_maker import FAILING, REFUSED, PlainMaker
from tests.support.world.implementations import implementations, way_of
from tests.support.world.loop import in_loop

Body = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """How the suite opens a fulfilment, over something quick that gives the same for the same order every time.

    `bodies` are requests that it takes; `path` is its resource's. `troubles`: one whose work goes wrong, the request
    that it goes wrong for, and the error.
    """

    open: Callable[[], Fulfilment]
    bodies: tuple[Body, ...]
    path: str
    troubles: tuple[tuple[Callable[[], Fulfilment], Body, type[Exception]], ...] = ()


class Sketcher(PlainMaker):
    """A picture of its own for each subject; others get their turn in between."""

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        await asyncio.sleep(0)
        return Picture(hashlib.sha256(subject.prompt.encode()).digest(), "image/png", {})


def _images() -> Fulfilment:
    return ImageFulfilment(Sketcher(), secrets.choice)


def _broken_images() -> Fulfilment:
    return ImageFulfilment(PlainMaker(), secrets.choice)


WAYS: dict[str, Way] = {
    "ImageFulfilment": Way(
        _images,
        ({}, {"name": "abraham LINCOLN"}, {"prompt": "a lighthouse in the fog"}, {"prompt": " 灯台 🌫 "}),
        "/api/images",
        (
            (_broken_images, {"prompt": REFUSED}, FulfilmentRefused),
            (_broken_images, {"prompt": FAILING}, FulfilmentFailed),
        ),
    ),
    "Weather": Way(Weather, ({}, {"town": "Bergen"}, {"town": "Tromsø"}), "/api/weather"),
}
NAMES = implementations(Fulfilment, paywall.products)
EVERY = pytest.mark.parametrize("name", NAMES)


def way(name: str) -> Way:
    return way_of(WAYS, name, "test_fulfilments")


def order_of(document: Mapping[str, Any], number: int = 7) -> UseOrder:
    """As an order comes: the document was stored as JSON in between."""
    return UseOrder(f"redemption-{number}", strict_json.loads(strict_json.dumps(document)), "5f2a" * 16)


async def perform(fulfilment: Fulfilment, *orders: UseOrder) -> list[Delivery]:
    """One after the other; closed at the end."""
    try:
        return [await fulfilment.perform(order) for order in orders]
    finally:
        await fulfilment.aclose()


def texts_in(value: Any) -> list[str]:
    """Every text that stands in a document as a value."""
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for inner in value.values() for text in texts_in(inner)]
        case list():
            return [text for inner in value for text in texts_in(inner)]
    return []


@EVERY
def test_what_is_asked_for_is_json_and_the_body_is_left_alone(name: str) -> None:
    for body in way(name).bodies:
        before = copy.deepcopy(body)
        document = way(name).open().read(body)
        assert strict_json.loads(strict_json.dumps(document)) == document
        assert body == before


@EVERY
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_whatever_the_body_it_is_read_as_json_or_refused_in_words(name: str, data: st.DataObject) -> None:
    bodies = way(name).bodies
    values = [value for body in bodies for value in body.values()]
    body = data.draw(objects([member for body in bodies for member in body], values))
    try:
        document = way(name).open().read(body)
    except (BadRequest, FulfilmentRefused) as refusal:
        strict_json.dumps(refusal.detail).encode()
        return
    assert strict_json.loads(strict_json.dumps(document)) == document


@EVERY
@in_loop
async def test_every_choice_is_made_when_it_is_read_so_that_it_can_be_performed_again(name: str) -> None:
    """As after a crash: the same document under the same id, and by another instance."""
    for body in way(name).bodies:
        order = order_of(way(name).open().read(body))
        before = copy.deepcopy(order.document)
        first, second = await perform(way(name).open(), order, order)
        (third,) = await perform(way(name).open(), order)
        assert isinstance(first, Delivery)
        assert first == second == third
        assert order.document == before


@EVERY
@in_loop
async def test_one_instance_performs_many_orders_at_once_and_one_that_is_given_up(name: str) -> None:
    fulfilment = way(name).open()
    bodies = way(name).bodies * 3
    orders = [order_of(fulfilment.read(body), number) for number, body in enumerate(bodies)]
    alone = [(await perform(way(name).open(), order))[0] for order in orders]
    given_up = asyncio.create_task(fulfilment.perform(orders[0]))
    asyncio.get_running_loop().call_soon(given_up.cancel)
    try:
        together = await asyncio.gather(*(fulfilment.perform(order) for order in orders))
    finally:
        await asyncio.gather(given_up, return_exceptions=True)
        await fulfilment.aclose()
    assert together == alone


@EVERY
@in_loop
async def test_what_goes_wrong_is_refused_or_failed_and_tells_nobody_what_was_asked_for(name: str) -> None:
    for opening, body, error in way(name).troubles:
        fulfilment = opening()
        document = fulfilment.read(body)
        with pytest.raises(error) as caught:
            await perform(fulfilment, order_of(document))
        said = f"{caught.value} {getattr(caught.value, 'note', '')}"
        assert not [text for text in texts_in(document) if text in said]


@EVERY
@in_loop
async def test_it_can_be_closed_twice_and_without_having_been_used(name: str) -> None:
    fulfilment = way(name).open()
    await fulfilment.aclose()
    await fulfilment.aclose()


def test_a_fulfilment_that_nobody_opens_here_fails_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parcel(Weather):
        __module__ = "parcels"

    room = ModuleType("parcels")
    monkeypatch.setattr(room, "__path__", [], raising=False)
    monkeypatch.setattr(room, "Parcel", Parcel, raising=False)
    (new,) = set(implementations(Fulfilment, room)) - set(NAMES)
    with pytest.raises(AssertionError, match="Parcel implements the port, and nobody tells"):
        way(new)
