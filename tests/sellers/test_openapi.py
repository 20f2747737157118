"""The OpenAPI document says what the seller does: no more, no less."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance
from starlette.routing import Route

from paywall import errors
from paywall.errors import PaywallError
from paywall.products.images.room import open_images
from paywall.settings import Settings
from paywall.web.openapi.document import document
from paywall.web.openapi.examples import EXAMPLES
from paywall.web.resources import ResourceRoutes
from paywall.web.routes import routes
from shared.tokens import jws
from tests.support.hostile.http_socket import serving
from tests.support.world.image_maker import FAILING, REFUSED, PlainMaker
from tests.support.world.openapi_document import Described
from tests.support.world.scenes.stage import Stage
from tests.support.world.seller import BASE, Payer, Seller

IMAGES = open_images(Settings(), maker=PlainMaker())
PARTS = ("using", "reading", "origins", "payments")
DOCUMENT = document(BASE, [IMAGES], ())
SEED = 20260419
EXAMPLES_EACH = 12
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_the_document_describes_the_routes_and_no_others() -> None:
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    # HEAD goes with every GET (RFC 9110 section 9.3.2) and is not described.
    table = {
        (method, route.path) for route in table_of_routes() for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == table


def test_every_code_is_described_under_its_status() -> None:
    described: set[tuple[int, str]] = set()
    operations = [item for path in DOCUMENT["paths"].values() for item in path.values()]
    shared = DOCUMENT["components"]["responses"].values()
    for told in [*(told for operation in operations for told in operation["responses"].values()), *shared]:
        problem = told["content"].get("application/problem+json")
        if problem is not None:
            named = problem["schema"]["allOf"][1]["properties"]
            described |= {(named["status"]["const"], code) for code in named["code"]["enum"]}
    # A resource's own two stand in the place of the tree's.
    # The last is of other programs' routes.
    plain = {errors.FulfilmentRefused, errors.FulfilmentFailed, errors.DeliveryStreamed}
    assert described == {(error.status, error.code) for error in refusals(PaywallError) if error not in plain}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_its_schema(name: str) -> None:
    schema = {"$ref": f"#/components/schemas/{name}"}
    assert list(Described(DOCUMENT).errors(schema, EXAMPLES[name])) == []


def test_every_answer_of_a_walk_fits_the_document(stage: Stage) -> None:
    described = Described(DOCUMENT)
    answers: list[httpx.Response] = []

    async def note(answer: httpx.Response) -> None:
        await answer.aread()
        described.check(answer)
        answers.append(answer)

    async def story() -> None:
        seller = stage.seller
        seller.http.event_hooks["response"] = [note]
        try:
            await walk(seller, await asyncio.to_thread(seller.payer))
        finally:
            seller.http.event_hooks["response"] = []

    stage.run(story())
    seen = {(answer.request.method, answer.status_code) for answer in answers}
    assert {status for _, status in seen} >= {200, 202, 400, 401, 402, 404, 409, 413, 422, 431, 502}
    walked = {id(described.operation(a.request.method, a.request.url.path)) for a in answers}
    assert len(walked) == len(table_of_routes())


def test_schemathesis_finds_no_answer_that_the_document_does_not_describe(stage: Stage) -> None:
    """Every operation, with requests that fit the document and with such as do not."""
    print(f"schemathesis runs with the seed {SEED}")

    async def story() -> None:
        async with serving(stage.seller.parts.app) as port:
            await asyncio.to_thread(drive, f"http://127.0.0.1:{port}")

    stage.run(story())


def drive(url: str) -> None:
    described = Described(DOCUMENT)
    schema = schemathesis.openapi.from_dict(DOCUMENT, config=SchemathesisConfig())
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        cases = st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES_EACH,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def run(case: Any) -> None:
            answer = case.call_and_validate(base_url=url, checks=CHECKS)
            request = httpx.Request(answer.request.method, answer.request.url)
            headers = {name: values[0] for name, values in answer.headers.items()}
            described.check(
                httpx.Response(answer.status_code, headers=headers, content=answer.content, request=request)
            )

        run()


async def walk(seller: Seller, payer: Payer) -> None:
    """Every route, and most refusals."""
    http, json = seller.http, {"Accept": "application/json"}
    body: Mapping[str, object]
    for path in (
        "/api/catalog",
        "/.well-known/did.json",
        "/did.json",
        "/openapi.json",
        "/.well-known/x402",
        "/llms.txt",
        "/healthz",
        "/readyz",
    ):
        await http.get(path)
    for body in ({"credits": 1}, {"count": 2}, {"credits": 0}, {"credits": 1, "holder": "me"}):
        await http.post("/api/images/buy", json=body, headers=json)
    await http.post("/api/images/buy", content=b"{")
    await http.post("/api/images/buy", content=b" " * 70_000)
    receipt = await buy(seller, payer)
    headers = {**json, "Idempotency-Key": "walk"}
    for body in ({"name": "Abraham Lincoln"}, {"name": "Abraham Lincoln"}, {"prompt": "else"}):
        answer = await http.post(
            "/api/images/generate", json=body, headers={**headers, **payer.headers(receipt)}
        )
        if answer.status_code == 200:
            redeemed = answer.json()
    for body in ({}, {"prompt": REFUSED}, {"prompt": FAILING}, {"name": "nobody"}):
        await http.post("/api/images/generate", json=body, headers=payer.headers(receipt))
    await http.post("/api/images/generate")
    await http.post("/api/images/generate", json={"receipt": receipt})
    await http.post("/api/images/generate", headers={"Authorization": "Bearer " + "x" * 9000})
    await http.get("/api/credits", headers=payer.headers(receipt, "/api/credits", "GET"))
    refund = "/api/receipts/refund"
    await http.post(refund, json={"credits": 1}, headers=payer.headers(receipt, refund))
    await http.post(refund, json={"credits": "all"}, headers=payer.headers(receipt, refund))
    transfer = "/api/receipts/transfer"
    await http.post(transfer, json={"to": payer.did, "credits": 1}, headers=payer.headers(receipt, transfer))
    await http.post(transfer, json={"to": "me"}, headers=payer.headers(receipt, transfer))
    await http.get("/api/refunds/none")
    await http.get("/api/status-lists/0")
    await http.get("/api/status-lists/0", headers={"Accept": "application/vc+jwt"})
    await http.get("/api/status-lists/none")
    await http.get("/api/credits")
    await http.get(redeemed["image"]["url"])
    await http.get("/api/images/none")
    path = f"/api/redemptions/{redeemed['redemption_id']}"
    await http.get(path)
    await seller.burn()
    burn = (await http.get(path)).json()["burn"]
    await http.get(path, headers=payer.headers(receipt, path, "GET"))
    await http.get(path, headers={"Authorization": "DPoP junk"})
    await http.get(f"/api/burns/{burn['tx_hash']}")
    await http.get("/api/burns/none")
    await http.get("/api/redemptions/none")
    while (await payer.generate(receipt)).status_code == 200:
        pass


async def buy(seller: Seller, payer: Payer) -> str:
    """A receipt, with refusals on the way."""
    token = await payer.buy(4)
    await seller.http.post(
        f"/api/payment-requests/{jws.unverified(token)[1]['id']}/instructions",
        json={"payment_request_token": token, "payment_option_id": "cardano"},
    )
    await seller.claim("no claim")
    await seller.claim(payer.claim(token, tx_hash="ab" * 32))
    await seller.claim(payer.claim(token, raw=(await payer.build(token, lovelace=2_000_000)).raw))
    await seller.claim(payer.claim(token, raw=(await payer.build(token, token_hash=bytes(32))).raw))
    answer = await payer.pay(token)
    path = f"/api/payments/{answer.json()['payment_request_id']}"
    await seller.http.get(path)
    await seller.http.get(path, headers={"DPoP": payer.proof("GET", path)})
    await seller.http.get(path, headers={"DPoP": "none"})
    await seller.http.get("/api/payments/none")
    return str(answer.json()["receipt"])


class _Any:
    """Whatever is asked of it: stands for the handlers, which are not called."""

    def __getattr__(self, name: str) -> Any:
        return lambda request: None


def table_of_routes() -> list[Route]:
    anything: Any = _Any()
    room = ResourceRoutes(IMAGES, **dict.fromkeys(PARTS, anything))
    return routes(
        *([room], anything, anything, anything, anything),
        instructions=anything,
        status_lists=anything,
        gifts=anything,
    )


def refusals(error: type[PaywallError]) -> Iterator[type[PaywallError]]:
    """Every error that can be on the wire; those without a code of their own are branches, not errors."""
    for child in error.__subclasses__():
        if child is not errors.SetupError:
            if "code" in vars(child) or child is errors.InternalFault:
                yield child
            yield from refusals(child)
