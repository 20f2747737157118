"""A route of another program, priced: asked for, paid for, and answered by its own handler."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from paywall import Paywall, SetupError
from tests.sellers.priced.shop import Shop, asking, bearer, left, shown
from tests.support.world.loop import in_loop

AT_ONCE = 20


@in_loop
async def test_who_shows_nothing_is_asked_to_pay_for_one_use_and_the_handler_is_not(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with asking(shop.app, shop.paywall) as http:
        answer = await http.post("/report", json={"town": "Bergen"})
    assert (answer.status_code, answer.json()["code"]) == (402, "payment_required")
    assert answer.json()["paymentRequest"]["price"] == {"amount": 25, "currency": "USD", "decimals": 2}
    assert shop.asked == []


@in_loop
async def test_a_receipt_is_good_for_as_many_answers_as_it_has_credits(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http, credits=2)
        answers = [await http.post("/report?a=b", content=b"asked", headers=holder) for _ in range(3)]
        assert await left(http, holder) == 0
    assert [answer.status_code for answer in answers] == [200, 200, 402]
    assert answers[0].json() == {"number": 1}
    assert (answers[0].headers["x-report"], answers[1].headers["credits-remaining"]) == ("yes", "0")
    assert answers[0].headers["cache-control"] == "private, no-store"
    assert [body for body, _ in shop.asked] == [b"asked", b"asked"]
    assert shop.asked[0][1] == answers[0].headers["redemption-id"]
    assert answers[2].json()["code"] == "credits_exhausted"


@in_loop
async def test_the_same_key_has_the_stored_answer_and_the_handler_is_asked_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.answers = [JSONResponse({"made": True}, 201, headers={"Set-Cookie": "a=b", "Location": "/made/1"})]
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http) | {"Idempotency-Key": "k"}
        first, again = [await http.post("/report", content=b"x", headers=holder) for _ in range(2)]
        other = await http.post("/report", content=b"y", headers=holder)
        elsewhere = await http.post("/report?q=1", content=b"x", headers=holder)
        assert await left(http, holder) == 3
    assert (first.status_code, first.json(), first.headers["location"]) == (201, {"made": True}, "/made/1")
    assert (again.status_code, again.content, again.headers["set-cookie"]) == (201, first.content, "a=b")
    assert again.headers["idempotent-replayed"] == "true"
    assert [other.json()["code"], elsewhere.json()["code"]] == ["idempotency_key_reused"] * 2
    assert len(shop.asked) == 1


@in_loop
async def test_who_pays_where_he_asks_has_the_answer_at_once_and_one_for_all_copies(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with asking(shop.app, shop.paywall) as http:
        payment = shown(await http.get("/report"), "quarter")
        answers = await asyncio.gather(*(http.get("/report", headers=payment) for _ in range(AT_ONCE)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, '{"number":1}')}
    assert len(shop.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"detail": "no such town"}, 404),
        RedirectResponse("/elsewhere"),
        PlainTextResponse("", 500),
    ],
    ids=lambda answer: str(answer.status_code),
)
@in_loop
async def test_an_answer_that_is_no_success_goes_out_as_it_is_and_costs_nothing(
    tmp_path: Path, answer: Response
) -> None:
    shop = Shop(tmp_path)
    shop.answers = [answer]
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http) | {"Idempotency-Key": "k"}
        declined = await http.post("/report", headers=holder)
        assert (declined.status_code, declined.content) == (answer.status_code, answer.body)
        assert await left(http, holder) == 4
        assert (await http.post("/report", headers=holder)).json() == {"number": 2}


@in_loop
async def test_a_program_may_charge_for_other_answers(tmp_path: Path) -> None:
    shop = Shop(tmp_path, charges=lambda status: status != 503)
    shop.answers = [PlainTextResponse("none", 404), PlainTextResponse("later", 503)]
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http)
        assert [(await http.post("/report", headers=holder)).status_code for _ in range(2)] == [404, 503]
        assert await left(http, holder) == 3


@in_loop
async def test_a_handlers_exception_is_its_own_programs_and_costs_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.answers = [HTTPException(418, "a teapot"), ZeroDivisionError()]
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http)
        answers = [await http.post("/report", headers=holder) for _ in range(2)]
        assert await left(http, holder) == 4
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (418, "a teapot"),
        (500, "Internal Server Error"),
    ]


@pytest.mark.parametrize(
    "fails", [PlainTextResponse("out of paper", 500), ZeroDivisionError()], ids=["answer", "error"]
)
@in_loop
async def test_a_handler_that_fails_behind_its_payment_leaves_the_receipt(
    tmp_path: Path, fails: Response | Exception
) -> None:
    shop = Shop(tmp_path)
    shop.answers = [fails]
    async with asking(shop.app, shop.paywall) as http:
        payment = shown(await http.post("/report"), "quarter")
        failed = await http.post("/report", headers=payment)
        receipt = failed.headers.get("credit-receipt") or failed.json()["receipt"]
        holder = {"Authorization": f"Bearer {receipt}"}
        assert (failed.status_code >= 500, await left(http, holder)) == (True, 1)
        assert (await http.post("/report", headers=payment)).json() == {"number": 2}
        assert await left(http, holder) == 0


@in_loop
async def test_what_a_use_costs_may_depend_on_the_request(tmp_path: Path) -> None:
    async def pages(request: Request) -> int:
        return int((await request.json())["pages"])

    shop = Shop(tmp_path, credits=pages)
    async with asking(shop.app, shop.paywall) as http:
        asked = await http.post("/report", json={"pages": 3})
        assert asked.json()["paymentRequest"]["order"]["credits"] == 3
        holder = await bearer(http)
        assert (await http.post("/report", json={"pages": 3}, headers=holder)).status_code == 200
        assert await left(http, holder) == 1
        assert (await http.post("/report", json={"pages": 2}, headers=holder)).status_code == 402


@in_loop
async def test_a_key_that_was_tried_at_one_price_is_not_good_for_another(tmp_path: Path) -> None:
    shop = Shop(tmp_path, usd="0.10", credits=lambda request: 3 if "x-dear" in request.headers else 1)
    shop.answers = [JSONResponse({}, 422)]
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http, credits=4) | {"Idempotency-Key": "key"}
        assert (await http.get("/report", headers=holder)).status_code == 422
        dear = await http.get("/report", headers=holder | {"X-Dear": "yes"})
        assert (dear.status_code, dear.json()["code"]) == (422, "idempotency_key_reused")
        assert (await http.get("/report", headers=holder)).status_code == 200
        assert await left(http, holder) == 3


@in_loop
async def test_an_answer_in_pieces_is_kept_whole_and_background_work_goes_on_behind_it(
    tmp_path: Path,
) -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a" * 70_000, b"b" * 70_000):
            yield piece

    shop = Shop(tmp_path)
    shop.answers = [StreamingResponse(pieces(), media_type="text/plain", background=BackgroundTask(work))]
    async with asking(shop.app, shop.paywall) as http:
        holder = await bearer(http) | {"Idempotency-Key": "k"}
        first, again = [await http.post("/report", headers=holder) for _ in range(2)]
        await asyncio.wait_for(done.wait(), 5)
    assert (len(first.content), first.content) == (140_000, again.content)  # beyond what the database keeps
    assert first.headers["content-length"] == "140000"


@in_loop
async def test_it_starts_at_the_first_request_where_no_lifespan_starts_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    import httpx

    transport = httpx.ASGITransport(shop.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8402") as http:
        answers = await asyncio.gather(http.post("/report"), http.get("/api/catalog"), http.post("/report"))
    assert [answer.status_code for answer in answers] == [402, 200, 402]
    (resource,) = answers[1].json()["resources"]
    assert resource == {
        "id": "report",
        "product": "report",
        "credits": 1,
        "buy": "/api/report/buy",
        "use": "/report",
    }
    assert [product["id"] for product in answers[1].json()["products"]] == ["report"]


@pytest.mark.parametrize(
    "terms",
    [{}, {"usd": "0.25", "product": "image-credit"}, {"usd": "-1"}, {"usd": "0.001"}, {"usd": "free"}],
)
def test_a_resource_has_one_price_that_can_be_asked_for(tmp_path: Path, terms: dict[str, str]) -> None:
    with pytest.raises(SetupError):
        Paywall(Shop(tmp_path).paywall.settings).resource("report", **terms)  # type: ignore[arg-type]


def test_a_resource_is_declared_once(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        Shop(tmp_path).paywall.resource("report", usd="1.00")
