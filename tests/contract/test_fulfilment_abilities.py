"""The contract of what only some fulfilments can do: present a delivery in their own words, and describe themselves.

Those that can are found, and opened, as in test_fulfilments.py.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator

from paywall.errors import BadRequest, FulfilmentRefused
from paywall.redemptions.fulfilment import (
    Delivery,
    Described,
    PresentsDelivery,
    StoredDelivery,
    UseDescription,
)
from shared import strict_json
from tests.contract.test_fulfilments import NAMES, WAYS, Body, order_of, perform, texts_in, way
from tests.support.world.any_json import objects
from tests.support.world.loop import in_loop

PRESENTED = [name for name in NAMES if name in WAYS and isinstance(WAYS[name].open(), PresentsDelivery)]
DESCRIBED = [name for name in NAMES if name in WAYS and isinstance(WAYS[name].open(), Described)]


def stored(name: str, delivery: Delivery) -> StoredDelivery:
    reference, sha256 = "5e" * 16, hashlib.sha256(delivery.body).hexdigest()
    return StoredDelivery(reference, f"{way(name).path}/{reference}", delivery.media_type, sha256)


@pytest.mark.parametrize("name", PRESENTED)
@in_loop
async def test_a_delivery_is_presented_as_json_with_its_url_and_hash(name: str) -> None:
    for body in way(name).bodies:
        fulfilment, document, delivery = await delivered(name, body)
        members = fulfilment.present(document, delivery)
        assert strict_json.loads(strict_json.dumps(members)) == members
        assert {delivery.url, delivery.sha256, delivery.media_type} <= set(texts_in(members))


async def delivered(name: str, body: Body) -> tuple[PresentsDelivery, Mapping[str, Any], StoredDelivery]:
    fulfilment = way(name).open()
    document = order_of(fulfilment.read(body)).document
    (delivery,) = await perform(fulfilment, order_of(document))
    assert isinstance(fulfilment, PresentsDelivery)
    return fulfilment, document, stored(name, delivery)


def description(name: str) -> UseDescription:
    fulfilment = way(name).open()
    assert isinstance(fulfilment, Described)
    return fulfilment.describe()


def complaints(told: UseDescription, schema: object, value: object) -> list[str]:
    """What is wrong with a value by a schema, which may name the description's own schemas."""
    whole = {"components": {"schemas": told.schemas}, "allOf": [schema]}
    OAS31Validator.check_schema(whole)
    return [error.message for error in OAS31Validator(whole).iter_errors(value)]


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_description_names_its_own_schemas_and_its_examples_hold(name: str) -> None:
    told = description(name)
    assert {told.request, told.answer} <= told.schemas.keys()
    assert told.examples.keys() <= told.schemas.keys()
    for schema, example in told.examples.items():
        assert complaints(told, told.schemas[schema], example) == []
    strict_json.dumps([told.schemas, told.examples])
    way(name).open().read(told.examples[told.request])


@pytest.mark.parametrize("name", DESCRIBED)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_what_is_read_is_a_request_by_the_schema(name: str, data: st.DataObject) -> None:
    told, bodies = description(name), way(name).bodies
    values = [value for body in bodies for value in body.values()]
    body = data.draw(objects([member for body in bodies for member in body], values))
    try:
        way(name).open().read(body)
    except (BadRequest, FulfilmentRefused):
        return
    assert complaints(told, told.schemas[told.request], body) == []


@pytest.mark.parametrize("name", DESCRIBED)
@in_loop
async def test_what_is_delivered_is_what_the_description_says(name: str) -> None:
    told = description(name)
    for body in way(name).bodies:
        fulfilment, document, delivery = await delivered(name, body)
        assert complaints(told, told.schemas[told.request], body) == []
        assert delivery.media_type in told.media_types
        own = {"redemption_id": "0b8f4a52-8f0e-4d6e-9d3b-6a1f2c3d4e5f", "credits_remaining": 0}
        answer = {**own, **fulfilment.present(document, delivery)}
        assert complaints(told, told.schemas[told.answer], answer) == []
