"""Pages of other origins may call the API from a browser, as far as the operator allows, and never with cookies."""

import asyncio
from typing import Any

import httpx
import pytest

from paywall.environment import read_settings
from paywall.errors import SetupError
from paywall.settings import Settings, check
from paywall.web.settings import WebSettings
from tests.support.world.image_maker import PlainMaker
from tests.support.world.scenes.scene import GENERATE
from tests.support.world.scenes.stage import Stage
from tests.support.world.seller import Selling

PAGE = "https://shop.example"
OTHER = "https://evil.example"
NEEDED = {
    "www-authenticate",
    "location",
    "retry-after",
    "request-id",
    "credits-remaining",
    "redemption-id",
} | {"idempotent-replayed"}
ASKED = "authorization,content-type,dpop,idempotency-key,x-payment"


def preflight(method: str, origin: str = PAGE) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": ASKED,
    }


def check_shared(answer: httpx.Response, origin: str = "*") -> None:
    assert answer.headers["access-control-allow-origin"] == origin, answer.request.url
    named = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert named >= NEEDED | {"*"}
    assert "access-control-allow-credentials" not in answer.headers


def is_unshared(answer: httpx.Response) -> bool:
    return not any(name.startswith("access-control") for name in answer.headers)


async def every_kind(seller: Any) -> list[httpx.Response]:
    """One answer of each kind, with a refusal from each place that makes one."""
    http, origin = seller.http, {"Origin": PAGE}
    return [
        await http.get("/api/catalog", headers=origin),
        await http.post("/api/images/buy", json={"credits": 1}, headers=origin),
        await http.post("/api/images/buy", json={}, headers=origin),
        await http.post(GENERATE, headers=origin),
        await http.get("/api/credits", headers=origin),
        await http.get("/api/none", headers=origin),
        await http.delete("/api/catalog", headers=origin),
        await http.get("/.well-known/did.json", headers=origin),
        await http.get("/openapi.json", headers=origin),
    ]


def test_every_answer_of_the_api_can_be_read_by_any_page(stage: Stage) -> None:
    answers = stage.run(every_kind(stage.seller))
    assert {answer.status_code for answer in answers} == {200, 400, 401, 402, 404, 405}
    for answer in answers:
        check_shared(answer)


def test_a_fault_can_be_read_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("paywall.web.resources.credentials_of", broken)
    answer = stage.run(stage.seller.http.post(GENERATE, headers={"Origin": PAGE}))
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_fault")
    check_shared(answer)


@pytest.mark.parametrize("path", [GENERATE, "/api/payments", "/api/none"])
def test_a_preflight_is_answered_without_asking_any_flow(stage: Stage, path: str) -> None:
    before = stage.ledger()
    answer = stage.run(stage.seller.http.options(path, headers=preflight("POST")))
    assert (answer.status_code, answer.content) == (204, b"")
    check_shared(answer)
    assert answer.headers["access-control-allow-headers"] == ASKED
    assert set(answer.headers["access-control-allow-methods"].split(", ")) == {"GET", "HEAD", "POST"}
    assert stage.ledger() == before


def test_what_is_the_operators_is_shared_with_nobody(stage: Stage) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/", "/apix"):
        assert is_unshared(stage.run(stage.seller.http.get(path, headers={"Origin": PAGE})))
        assert is_unshared(stage.run(stage.seller.http.options(path, headers=preflight("GET"))))


def test_only_the_pages_that_the_operator_names_may_read(selling: Selling) -> None:
    async def story() -> None:
        rooms = (WebSettings(cors_origins=f"{PAGE}, http://localhost:3000"),)
        async with selling(maker=PlainMaker(), room_settings=rooms) as seller:
            for answer in await every_kind(seller):
                check_shared(answer, PAGE)
                assert answer.headers["vary"] == "Origin"
            for origin in (OTHER, "null", PAGE + ".evil.example", PAGE.upper()):
                answer = await seller.http.get("/api/catalog", headers={"Origin": origin})
                assert is_unshared(answer)
                assert answer.headers["vary"] == "Origin"
                asked = await seller.http.options(GENERATE, headers=preflight("POST", origin))
                assert (asked.status_code, asked.json()["code"]) == (405, "method_not_allowed")
                assert is_unshared(asked)

    asyncio.run(story())


def test_it_can_be_turned_off(selling: Selling) -> None:
    async def story() -> None:
        async with selling(room_settings=(WebSettings(cors_origins="none"),)) as seller:
            assert all(is_unshared(answer) for answer in await every_kind(seller))

    asyncio.run(story())


@pytest.mark.parametrize(
    "value", ["example.org", "*,https://a.example", "https://a.example/", "ftp://a", "https://a b"]
)
def test_what_is_no_origin_is_refused_at_start(value: str) -> None:
    with pytest.raises(SetupError, match="PAYWALL_CORS_ORIGINS"):
        read_settings({"PAYWALL_CORS_ORIGINS": value})


@pytest.mark.parametrize("value", ["*", "none", PAGE, f"{PAGE},http://[::1]:8080,http://localhost:3000"])
def test_origins_are_read(value: str) -> None:
    settings: Settings = read_settings({"PAYWALL_CORS_ORIGINS": value})
    check(settings)
    assert settings.room(WebSettings).cors_origins == value
