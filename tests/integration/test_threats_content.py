"""What is asked for: prompts, names, keys, counts and bodies that are too long, refused, reused or no such thing.

Each threat of `reference/reliability.md` under "Content", and the figures that a buyer may not name.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from paywall.web.bodies import MAX_BODY
from shared import jws
from tests.devnet_process import DevnetProcess
from tests.fakes.image_maker import FAILING, REFUSED, SLOW, PlainMaker
from tests.http_socket import ask, serving
from tests.ledger import added
from tests.seller import Payer
from tests.stage import Stage, check_problem, open_stage

pytestmark = pytest.mark.xdist_group("threats_content")
BUY, GENERATE, PAY = "/api/images/buy", "/api/images/generate", "/api/payments"
CHUNK = b" " * 4096


@dataclass(frozen=True)
class Scene:
    stage: Stage
    maker: PlainMaker
    payer: Payer
    receipt: str

    @property
    def http(self) -> httpx.AsyncClient:
        return self.stage.seller.http

    async def generate(self, body: object, key: str | None = None) -> httpx.Response:
        return await self.payer.generate(self.receipt, body, key)


@pytest.fixture(scope="module")
def scene(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    maker = PlainMaker()
    with open_stage(devnet, tmp_path_factory.mktemp("seller"), maker=maker) as stage:
        payer = stage.seller.payer()
        yield Scene(stage, maker, payer, stage.run(payer.receipt(20)))


SUBJECTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "a prompt of 1001 characters": ({"prompt": "x" * 1001}, 422, "prompt_refused"),
    "a prompt of 60,000 characters": ({"prompt": "x" * 60_000}, 422, "prompt_refused"),
    "a prompt of combining marks": ({"prompt": "e" + "\u0301" * 20_000}, 422, "prompt_refused"),
    "an empty prompt": ({"prompt": ""}, 400, "bad_request"),
    "an invisible prompt": ({"prompt": "\u200b\u2003"}, 400, "bad_request"),
    "a prompt with a line break": ({"prompt": "a\nb"}, 400, "bad_request"),
    "a prompt with a null character": ({"prompt": "a\0b"}, 400, "bad_request"),
    "a prompt that is a number": ({"prompt": 7}, 400, "bad_request"),
    "a prompt that is null": ({"prompt": None}, 400, "bad_request"),
    "a name and a prompt": ({"name": "Abraham Lincoln", "prompt": "a dog"}, 400, "bad_request"),
    "a name that climbs": ({"name": "../../seller.pem"}, 400, "bad_request"),
    "a name that climbs, encoded": ({"name": "..%2f..%2fseller.pem"}, 400, "bad_request"),
    "a name with a null character": ({"name": "Abraham Lincoln\0.png"}, 400, "bad_request"),
    "an absolute path for a name": ({"name": "/etc/passwd"}, 400, "bad_request"),
    "a president of another century": ({"name": "George Washington"}, 400, "bad_request"),
    "a name that is a list": ({"name": ["Abraham Lincoln"]}, 400, "bad_request"),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_what_cannot_be_drawn_costs_nothing(scene: Scene, name: str) -> None:
    body, status, code = SUBJECTS[name]
    made = scene.maker.made
    scene.stage.refused(lambda: scene.generate(body), status, code)
    assert scene.maker.made == made


@pytest.mark.parametrize(
    ("prompt", "status", "code"),
    [(REFUSED, 422, "prompt_refused"), (FAILING, 502, "image_maker_failed")],
    ids=["refused", "failed"],
)
def test_a_credit_is_released_when_no_picture_comes(
    scene: Scene, prompt: str, status: int, code: str
) -> None:
    before = scene.stage.ledger()
    answer = scene.stage.run(scene.generate({"prompt": prompt}))
    check_problem(answer, status, code)
    after = scene.stage.ledger()
    # Reserved and released: four postings that undo each other, and no burn.
    assert added(before, after) == {"posting": 4, "redemption": 1}
    assert after["redemption"][answer.json()["redemption_id"]]["state"] == "released"
    assert prompt not in answer.text


def test_a_refusal_is_final_under_its_key_and_a_failure_may_be_tried_again(scene: Scene) -> None:
    refused = scene.stage.run(scene.generate({"prompt": REFUSED}, key="refused"))
    again = scene.stage.refused(
        lambda: scene.generate({"prompt": REFUSED}, key="refused"), 422, "prompt_refused"
    )
    assert again.json() == refused.json()
    failed = scene.stage.run(scene.generate({"prompt": FAILING}, key="failed"))
    once_more = scene.stage.run(scene.generate({"prompt": FAILING}, key="failed"))
    assert failed.json()["redemption_id"] == once_more.json()["redemption_id"]
    assert failed.status_code == once_more.status_code == 502


def test_a_key_is_for_one_body(scene: Scene) -> None:
    first = scene.stage.run(scene.generate({"prompt": "a dog"}, key="one"))
    assert first.status_code == 200
    for body in ({"prompt": "a cat"}, {"name": "Abraham Lincoln"}, {}, {"prompt": "a dog "}):
        scene.stage.refused(lambda: scene.generate(body, key="one"), 422, "idempotency_key_reused")  # noqa: B023  called at once
    assert scene.stage.run(scene.generate({"prompt": "a dog"}, key="one")).json() == first.json()


def test_a_key_in_flight_says_so_and_answers_later(scene: Scene) -> None:
    async def story() -> None:
        waiting = asyncio.create_task(scene.generate({"prompt": SLOW}, key="slow"))
        await scene.maker.started.wait()
        meanwhile = await scene.generate({"prompt": SLOW}, key="slow")
        check_problem(meanwhile, 409, "redemption_in_progress")
        assert (meanwhile.headers["retry-after"], meanwhile.json()["retryable"]) == ("1", True)
        scene.maker.released.set()
        first = await waiting
        assert first.status_code == 200
        assert (await scene.generate({"prompt": SLOW}, key="slow")).json() == first.json()

    before = scene.stage.ledger()
    scene.stage.run(story())
    after = scene.stage.ledger()
    accounts = list(before["credit_account"])
    taken = [
        before["credit_account"][a]["available"] - after["credit_account"][a]["available"] for a in accounts
    ]
    assert taken == [1]


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "a\x7fb", "schl\xfcssel"], ids=ascii)
def test_an_idempotency_key_is_short_plain_text(scene: Scene, key: str) -> None:
    headers = {**scene.payer.headers(scene.receipt), "Idempotency-Key": key.encode("latin-1")}
    scene.stage.refused(lambda: scene.http.post(GENERATE, headers=headers), 400, "bad_request")


CLIMBING = [
    "/api/images/..%2f..%2fseller.pem",
    "/api/images/../../seller.pem",
    "/api/images/%2e%2e%2fpaywall.db",
]


@pytest.mark.parametrize("target", [*CLIMBING, "/api/images/seller.pem", "/api/redemptions/..%2fseller"])
def test_no_path_leads_out_of_the_pictures(scene: Scene, target: str) -> None:
    async def send() -> httpx.Response:
        async with serving(scene.stage.seller.parts.app) as port:
            return await ask(port, "GET", target)

    scene.stage.refused(send, 404, "not_found")


BODIES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"credits=3", "not_json"),
    "a list": (b"[3]", "bad_request"),
    "a number": (b"3", "bad_request"),
    "a name given twice": (b'{"credits":1,"credits":1000}', "not_json"),
    "NaN": (b'{"credits":NaN}', "not_json"),
    "Infinity": (b'{"credits":-Infinity}', "not_json"),
    "1e400": (b'{"credits":1e400}', "not_json"),
    "an integer of 64 bits": (b'{"credits":9223372036854775808}', "not_json"),
    "deep nesting": (b'{"credits":' + b"[" * 1000 + b"]" * 1000 + b"}", "not_json"),
    "open brackets": (b"[" * 60_000, "not_json"),
    "bytes that are not UTF-8": (b'{"credits":"\xc0\xaf"}', "not_json"),
    "a byte order mark": (b'\xef\xbb\xbf{"credits":1}', "not_json"),
    "UTF-16": ('{"credits":1}'.encode("utf-16"), "not_json"),
    "a compressed body": (b"\x1f\x8b\x08\x00", "not_json"),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", [BUY, PAY, GENERATE])
def test_a_body_that_can_be_read_in_two_ways_is_not_read(scene: Scene, path: str, name: str) -> None:
    body, code = BODIES[name]
    scene.stage.refused(lambda: scene.http.post(path, content=body), 400, code)


#: what `credits` may not be, as JSON text
NO_COUNTS = [
    "-5",
    "0",
    "0.5",
    "3.0",
    "1e21",
    "1e2",
    "true",
    '"3"',
    "null",
    "[3]",
    "1000001",
    "9223372036854775807",
]


@pytest.mark.parametrize("value", NO_COUNTS)
@pytest.mark.parametrize("member", ["credits", "count"])
def test_credits_are_a_whole_number(scene: Scene, member: str, value: str) -> None:
    body = f'{{"{member}":{value}}}'
    scene.stage.refused(lambda: scene.http.post(BUY, content=body), 400, "bad_request")


@pytest.mark.parametrize("body", [{}, {"credits": 3, "count": 4}, {"credits": 3, "count": True}], ids=str)
def test_credits_are_named_once(scene: Scene, body: dict[str, Any]) -> None:
    scene.stage.refused(lambda: scene.http.post(BUY, json=body), 400, "bad_request")


@pytest.mark.parametrize("body", [{"count": 3}, {"credits": 3, "count": 3}, {"credits": 3}], ids=str)
def test_ack_labs_count_is_another_name_for_credits(scene: Scene, body: dict[str, Any]) -> None:
    before = scene.stage.ledger()
    answer = scene.stage.run(scene.http.post(BUY, json=body))
    assert answer.status_code == 402
    assert jws.peek(answer.text)[1]["order"]["credits"] == 3
    assert added(before, scene.stage.ledger()) == {"payment_request": 1}


HOLDERS: list[Any] = [
    *("", "did:key:z6Mk", "did:web:127.0.0.1", "alice", "did:key:z" + "1" * 47),
    "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",  # secp256k1
    *(7, None, ["did:key:z6Mk"], {"jwk": {}}),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=str)
def test_a_holder_is_the_did_key_of_an_ed25519_key(scene: Scene, holder: object) -> None:
    body = {"credits": 1, "holder": holder}
    scene.stage.refused(lambda: scene.http.post(BUY, json=body), 400, "bad_request")


@pytest.mark.parametrize("path", [BUY, PAY, GENERATE])
def test_a_body_over_the_limit_is_refused_by_what_it_announces(scene: Scene, path: str) -> None:
    """With nothing sent: the server does not wait for the bytes that it will not take."""

    async def send() -> httpx.Response:
        async with serving(scene.stage.seller.parts.app) as port:
            return await announce(port, path, MAX_BODY + 1)

    scene.stage.refused(send, 413, "body_too_large")


@pytest.mark.parametrize("path", [BUY, PAY, GENERATE])
@pytest.mark.parametrize("announced", [None, "10", "+70000", "-1"], ids=str)
def test_a_body_over_the_limit_is_refused_while_it_streams(
    scene: Scene, path: str, announced: str | None
) -> None:
    """Whatever it announces: reading stops one chunk past the limit."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(2000):
            read += len(CHUNK)
            yield CHUNK

    headers = {} if announced is None else {"Content-Length": announced}
    scene.stage.refused(
        lambda: scene.http.post(path, content=endless(), headers=headers), 413, "body_too_large"
    )
    assert read <= MAX_BODY + 2 * len(CHUNK)


def test_a_body_at_the_limit_is_read(scene: Scene) -> None:
    body = json.dumps({"credits": 0}).encode()
    padded = body + b" " * (MAX_BODY - len(body))
    scene.stage.refused(lambda: scene.http.post(BUY, content=padded), 400, "bad_request")


async def announce(port: int, path: str, length: int) -> httpx.Response:
    """Sends a request's head alone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in head[1:] if line]
    body = await reader.readexactly(int(dict(headers)["content-length"]))
    writer.close()
    await writer.wait_closed()
    request = httpx.Request("POST", "http://127.0.0.1/")
    return httpx.Response(int(head[0].split()[1]), headers=dict(headers), content=body, request=request)
