"""A sale and a use past Starlette's layers, and through them: the same answers and the same rows, whatever is asked."""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from paywall.database.engine import Transaction
from paywall.errors import NotJson
from paywall.web.edge.direct import DirectRoutes, IndexedHeaders
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.scenes.stage import Stage, open_stage
from tests.support.world.seller import BASE, Payer

BUY, USE = "/api/images/buy", "/api/images/generate"
LINCOLN = {"name": "Abraham Lincoln"}
PAGE = {"Origin": "https://shop.example"}
CREDITS = 200
#: what is new in every answer
_NEW = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}|[0-9a-f]{32}")


@dataclass
class Side:
    """One of the two ways into the app, and a receipt that is used there alone."""

    http: httpx.AsyncClient
    payer: Payer
    receipt: str
    used: int = 0
    last_proof: str = ""

    def dpop(self, path: str = USE) -> dict[str, str]:
        self.last_proof = self.payer.proof("POST", path, self.receipt)
        return {"Authorization": f"DPoP {self.receipt}", "DPoP": self.last_proof}

    async def use(self, body: object = LINCOLN, key: str = "", **headers: str) -> httpx.Response:
        named = {"Idempotency-Key": key} if key else {}
        return await self.http.post(USE, json=body, headers={**self.dpop(), **named, **headers})

    async def new(self) -> httpx.Response:
        self.used += 1
        return await self.use(key=f"key {self.used}", Accept="application/json")


def buying(body: Any = None, **headers: str) -> "Step":
    async def step(side: Side) -> httpx.Response:
        return await side.http.post(BUY, content=json.dumps(body or {"credits": 2}), headers=headers)

    return step


async def again(side: Side) -> httpx.Response:
    return await side.use(key=f"key {side.used}")


async def replayed(side: Side) -> httpx.Response:
    headers = {"Authorization": f"DPoP {side.receipt}", "DPoP": side.last_proof}
    return await side.http.post(USE, json=LINCOLN, headers=headers)


async def in_two_places(side: Side) -> httpx.Response:
    return await side.use({**LINCOLN, "receipt": side.receipt})


async def proofs(side: Side) -> httpx.Response:
    headers = [(name, value) for name, value in side.dpop().items()]
    return await side.http.post(USE, json=LINCOLN, headers=[*headers, ("DPoP", side.last_proof)])


Step = Callable[[Side], Coroutine[Any, Any, httpx.Response]]
STEPS: dict[str, Step] = {
    "buy": buying(),
    "buy for a page": buying(**PAGE),
    "buy in another dialect": buying(Accept="application/json"),
    "buy with an id of its own": buying(**{"Request-Id": "mine-1"}),
    "buy with an odd id": buying(**{"Request-Id": "mine 1"}),
    "buy nothing": buying({"credits": 0}),
    "buy for nobody": buying({"credits": 1, "holder": "did:key:zNobody"}),
    "buy by a list": buying([1]),
    "buy by no JSON": lambda side: side.http.post(BUY, content=b"{", headers=PAGE),
    "buy by an empty body": lambda side: side.http.post(BUY),
    "buy by too much": lambda side: side.http.post(BUY, content=b" " * 65_537),
    "buy with a NUL": lambda side: side.http.post(BUY, headers={"X": "a\0b"}),
    "buy with half a query": lambda side: side.http.post(f"{BUY}?a=%00"),
    "buy by another name": lambda side: side.http.post("/api/images/%62uy", json={"credits": 1}),
    "buy by GET": lambda side: side.http.get(BUY),
    "ask before": lambda side: side.http.options(
        BUY, headers={**PAGE, "Access-Control-Request-Method": "POST"}
    ),
    "use": Side.new,
    "use again": again,
    "use without a key": lambda side: side.use(Accept="image/*"),
    "use for a page": lambda side: side.use(**PAGE),
    "use a bad key": lambda side: side.use(key="x" * 256),
    "use with other words": lambda side: side.use({"name": "James Monroe"}, key=f"key {side.used}"),
    "use wrong words": lambda side: side.use({"name": "Nobody"}, **PAGE),
    "use nothing": lambda side: side.http.post(USE, json=LINCOLN),
    "use a proof twice": replayed,
    "use two proofs": proofs,
    "use a receipt in two places": in_two_places,
    "use no receipt": lambda side: side.http.post(USE, json=LINCOLN, headers={"Authorization": "Bearer x"}),
    "use a scheme": lambda side: side.http.post(USE, headers={"Authorization": "Basic x"}),
}


#: of these, the steps that the layers alone know
LAYERED = {"buy by GET", "ask before"}


def shown(answer: httpx.Response) -> tuple[Any, ...]:
    """What an answer says, but for what is new each time."""
    headers = sorted(
        (name, _NEW.sub("new", _said(name, value))) for name, value in answer.headers.multi_items()
    )
    return answer.status_code, headers, _body(answer)


def _said(name: str, value: str) -> str:
    if name == "www-authenticate" and value.startswith("Payment "):
        return re.sub(r' (id|request|expires)="[^"]*"', "", value)
    if name != "payment-required":
        return value
    return re.sub(r'"(signature|paymentRequest)":"[^"]*"', "", base64.b64decode(value).decode())


def _body(answer: httpx.Response) -> object:
    parts = answer.text.split(".") if answer.headers.get("content-type") == "application/jwt" else []
    if not parts:
        return _NEW.sub(
            "new", re.sub(r'"(token|receipt|paymentRequestToken)":"[^"]*"', "", _timeless(answer.text))
        )
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    return _NEW.sub("new", _timeless(json.dumps(claims)))


def _timeless(said: str) -> str:
    return re.sub(r'"(iat|exp|expiresAt)": ?("[^"]*"|\d+)', "", said)


def rows(tx: Transaction) -> Counter[str]:
    """How many rows there are of each kind."""
    queries = {
        "requests": "SELECT state, credits FROM payment_request",
        "redemptions": "SELECT state, attempt, quantity, owes_burn FROM redemption",
        "postings": "SELECT source, target, amount FROM posting",
        "proofs": "SELECT 1 FROM holder_proof",
        "burns": "SELECT quantity FROM burn",
    }
    found: Counter[str] = Counter()
    for name, query in queries.items():
        found.update(f"{name} {tuple(row)}" for row in tx.connection.execute(text(query)))
    return found


@pytest.fixture(scope="module")
def shared(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("seller")
    with open_stage(devnet, folder, maker=PlainMaker()) as stage:
        yield stage


async def opened(shared: Stage, way: ASGIApp) -> Side:
    payer = shared.seller.payer()
    http = httpx.AsyncClient(transport=httpx.ASGITransport(way, raise_app_exceptions=False), base_url=BASE)
    return Side(http, payer, await payer.receipt(CREDITS))


@pytest.fixture(scope="module")
def sides(shared: Stage) -> Iterator[tuple[Side, Side]]:
    app = shared.seller.parts.app
    assert isinstance(app, DirectRoutes)

    found = shared.run(opened(shared, app)), shared.run(opened(shared, app._app))
    yield found
    for one in found:
        shared.run(one.http.aclose())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=4, max_size=12))
def test_both_ways_give_the_same_answers_and_rows(
    shared: Stage, sides: tuple[Side, Side], steps: Sequence[str]
) -> None:
    database = shared.seller.parts.database

    async def play(side: Side) -> tuple[list[Any], Counter[str]]:
        before = await database.read(rows)
        answers = [shown(await STEPS[name](side)) for name in steps]
        after = await database.read(rows)
        after.subtract(before)
        return answers, after

    (direct, added), (layered, added_there) = [shared.run(play(side)) for side in sides]
    for name, one, other in zip(steps, direct, layered, strict=True):
        assert one == other, name
    assert added == added_there


def test_every_step_goes_the_way_that_it_is_meant_to(shared: Stage) -> None:
    """Past the layers goes every POST to one of the two paths, however it ends."""
    app, through = shared.seller.parts.app, []
    assert isinstance(app, DirectRoutes)

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        through.append(scope["path"])
        await app._app(scope, receive, send)

    async def statuses() -> dict[str, int]:
        side = await opened(shared, DirectRoutes(noted, app._endpoints, app._edge))
        async with side.http:
            await side.new()  # so that there is something to repeat
            found: dict[str, int] = {}
            for name, step in STEPS.items():
                through.clear()
                found[name] = (await step(side)).status_code
                assert bool(through) == (name in LAYERED), name
        return found

    assert set(shared.run(statuses()).values()) == {200, 204, 400, 401, 402, 405, 413, 422}


async def _asked(app: ASGIApp, messages: list[Message]) -> list[Message]:
    scope = {
        "type": "http",
        "method": "POST",
        "path": BUY,
        "raw_path": BUY.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8402")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8402),
        "scheme": "http",
        "http_version": "1.1",
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def test_a_client_that_goes_away_is_answered_nothing(shared: Stage) -> None:
    part, gone = {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}
    line = f'paywall_requests_total{{method="POST",route="{BUY}",status="499"}}'

    def counted() -> float:
        found = [one for one in shared.run(shared.seller.metrics()).splitlines() if one.startswith(line)]
        return float(found[0].split()[-1]) if found else 0

    before = counted()
    assert shared.run(_asked(shared.seller.parts.app, [part, gone])) == []
    assert counted() == before + 1


def test_a_fault_is_told_by_its_requests_id_alone_either_way(
    shared: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = shared.seller.parts.app
    assert isinstance(app, DirectRoutes)

    def broken(_body: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("paywall.web.sales._credits", broken)
    for way in (app, app._app):
        caplog.clear()
        head, body = shared.run(_asked(way, [{"type": "http.request", "body": b"{}"}]))
        assert head["status"] == 500
        assert b"secret" not in body["body"]
        request_id = dict(head["headers"])[b"request-id"].decode()
        (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
        assert (record.getMessage(), record.request_id) == ("fault", request_id)  # type: ignore[attr-defined]
        assert record.exc_info is not None


def test_a_handler_that_fails_itself_is_a_fault_too(shared: Stage, caplog: pytest.LogCaptureFixture) -> None:
    app = shared.seller.parts.app
    assert isinstance(app, DirectRoutes)

    async def fails(_request: object, _error: Exception) -> Response:
        raise RuntimeError("a secret")

    edge = replace(app._edge, handlers={**app._edge.handlers, NotJson: fails})
    way = DirectRoutes(app._app, app._endpoints, edge)
    head, body = shared.run(_asked(way, [{"type": "http.request", "body": b"{"}]))
    assert (head["status"], json.loads(body["body"])["code"]) == (500, "internal_fault")
    assert b"secret" not in body["body"]
    (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert record.getMessage() == "fault"


NAMES = st.sampled_from(["a", "b", "dpop", "x-y"])
RAW = st.lists(st.tuples(NAMES, st.text("abc\u00fc", max_size=3)), max_size=6)


@given(RAW, NAMES)
def test_headers_that_are_looked_up_are_those_that_starlette_finds(
    raw: list[tuple[str, str]], name: str
) -> None:
    lines = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in raw]
    scope = {"type": "http", "headers": lines}
    ours, theirs = IndexedHeaders(scope), Headers(scope=scope)
    for spelled in (name, name.upper()):
        assert ours.get(spelled) == theirs.get(spelled)
        assert ours.get(spelled, "none") == theirs.get(spelled, "none")
        assert (spelled in ours) == (spelled in theirs)
        assert ours.getlist(spelled) == theirs.getlist(spelled)
        if spelled in theirs:
            assert ours[spelled] == theirs[spelled]
        else:
            with pytest.raises(KeyError):
                ours[spelled]
    assert list(ours.items()) == list(theirs.items())
