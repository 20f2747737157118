"""What a proxy's file says is sold and free, and which requests each of it holds."""

import tomllib
from typing import Any

import pytest

from paywall.errors import SetupError
from paywall.proxy.app import OWN, OWN_PAGES
from paywall.proxy.config import ProxyConfig, is_plain, read_config
from paywall.web.openapi.document import document
from tests.architecture.modules import ROOT
from tests.support.world.seller import BASE


def config(text: str) -> ProxyConfig:
    return read_config(tomllib.loads(text))


def sold(path: str, **place: Any) -> Any:
    entry = {"id": "a", "path": path, "usd": "1.00", **place}
    return read_config({"resource": [entry]}).sold[0].place


def test_the_example_is_read() -> None:
    found = config((ROOT / "examples" / "prices.toml").read_text())
    assert [(one.id, one.place.path, one.place.below, dict(one.terms)) for one in found.sold] == [
        ("report", "/v1/reports/", True, {"usd": "0.25"})
    ]
    assert [place.path for place in found.free] == ["/v1/towns"]


@pytest.mark.parametrize(
    ("path", "asked", "held"),
    [
        ("/v1/report", "/v1/report", True),
        ("/v1/report", "/v1/report/", True),
        ("/v1/report", "/V1/Report", True),
        ("/v1/report", "/v1/reports", False),
        ("/v1/reports/*", "/v1/reports/a/b", True),
        ("/v1/reports/*", "/v1/REPORTS/a", True),
        ("/v1/reports/*", "/v1/reports/", True),
        ("/v1/reports/*", "/V1/Reports/", True),
        ("/v1/reports/*", "/v1/reports", False),
        ("/v1/reports/*", "/v1/reportsa", False),
    ],
)
def test_what_is_sold_is_sold_however_a_service_may_read_its_path(path: str, asked: str, held: bool) -> None:
    assert sold(path).holds("GET", asked) is held


def test_what_is_free_is_free_to_the_letter() -> None:
    (place,) = read_config(
        {"resource": [{"id": "a", "path": "/a", "usd": "1.00"}], "free": [{"path": "/v1/x"}]}
    ).free
    assert [place.holds("GET", path) for path in ("/v1/x", "/v1/x/", "/V1/x")] == [True, False, False]


def test_methods_are_those_that_are_named_and_a_browsers_question_is_never_sold() -> None:
    assert [sold("/a", methods=["GET"]).holds(method, "/a") for method in ("GET", "POST")] == [True, False]
    assert [sold("/a").holds(method, "/a") for method in ("GET", "PROPFIND", "OPTIONS")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "//a",
        "/a//b",
        "/a/../b",
        "/a/./b",
        "/a/..",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/%2e%2e/a",
        "/a;b",
        "/a\\b",
        "/a%00",
        "/a%0a",
        "/a%09/b",
        "/a%7F",
        "/a%20",
        "/%20a",
        "/a./b",
        "/a...",
        "/a%252fb",
        "/a%c0%af",
        "/a%ff",
        "/a\xe9",
    ],
)
def test_a_path_with_two_readings_is_not_plain(path: str) -> None:
    assert not is_plain(path)


@pytest.mark.parametrize("path", ["/", "/a", "/a/b.c/..d", "/.well-known/a", "/%C3%A9/a%20b", "/a:b@c"])
def test_other_paths_are_plain(path: str) -> None:
    assert is_plain(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[free]]\npath = '/a'",
        "[resource]\nid = 'a'",
        "[[resource]]\npath = '/a'\nusd = '1.00'",
        "[[resource]]\nid = 'a'\nusd = '1.00'",
        "[[resource]]\nid = 'a'\npath = 'a'\nusd = '1.00'",
        "[[resource]]\nid = 'a'\npath = '/a*'\nusd = '1.00'",
        "[[resource]]\nid = 'a'\npath = '/a/../b'\nusd = '1.00'",
        "[[resource]]\nid = 'a'\npath = '/a'\nusd = 1",
        "[[resource]]\nid = 'a'\npath = '/a'\nusd = '1.00'\nprice = 3",
        "[[resource]]\nid = 'a'\npath = '/a'\nusd = '1.00'\nmethods = ['get']",
        "[[resource]]\nid = 'a'\npath = '/a'\nusd = '1.00'\ncredits = true",
        "[[resource]]\nid = 'a'\npath = '/a'\nusd = '1.00'\n[[paid]]\n",
    ],
)
def test_what_is_wrong_in_the_file_is_named(text: str) -> None:
    with pytest.raises(SetupError):
        config(text)


def test_every_path_of_the_paywalls_own_is_its_own_behind_a_proxy() -> None:
    """Another's would be what is free, with the receipt that was shown to us."""
    own = tuple(f"{path}/" for path in OWN)
    paths = {path for path in document(BASE, [], ())["paths"] if path not in OWN_PAGES}
    assert [path for path in paths if not f"{path}/".startswith(own)] == []
