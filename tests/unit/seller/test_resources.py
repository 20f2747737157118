"""Resources that cannot be sold are refused at the start, and deliveries that no answer can carry at once."""

from pathlib import Path

import pytest

from paywall.errors import SetupError
from paywall.redemptions.fulfilment import Delivery
from paywall.redemptions.resource import Resource, check_resources
from tests.support.outside.resource import Weather, weather


def resource(path: str, name: str = "weather") -> Resource:
    plain = weather(Path("nowhere"))
    return Resource(name, plain.product, path, Weather(), plain.deliveries)


@pytest.mark.parametrize(
    "path", ["", "/", "api", "/api/", "/api//x", "/a b", "/api/{id}", "/../api", "/api/é"]
)
def test_a_path_that_is_not_of_plain_letters_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="plain letters"):
        resource(path)


def test_two_resources_have_two_ids_and_two_paths() -> None:
    check_resources([resource("/api/one", "one"), resource("/api/two", "two")])
    with pytest.raises(SetupError, match="one id"):
        check_resources([resource("/api/one"), resource("/api/two")])
    with pytest.raises(SetupError, match="one path"):
        check_resources([resource("/api/one", "one"), resource("/api/one", "two")])


@pytest.mark.parametrize("path", ["/api/redemptions", "/api/payments/x", "/api/credits"])
def test_no_resource_stands_where_the_api_has_something_of_its_own(path: str) -> None:
    with pytest.raises(SetupError, match="own"):
        check_resources([resource(path)])


@pytest.mark.parametrize(
    "media_type", ["", "text", "text/", "text/plain\r\nX: y", "text/pl ain", "text/ü", "text/\ud800"]
)
def test_a_delivery_has_a_media_type_that_a_header_can_carry(media_type: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        Delivery(b"", media_type)


def test_a_media_type_may_have_parameters() -> None:
    assert Delivery(b"x", "text/plain; charset=utf-8").body == b"x"
