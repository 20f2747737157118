"""Prompts, names and keys that are too long, refused, reused or no such thing.

Threats of `reference/reliability.md` under "Content"; `test_threats_bodies.py` has those of bodies and counts.
"""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.hostile.http_socket import ask, serving
from tests.support.world.image_maker import FAILING, REFUSED, SLOW
from tests.support.world.ledger import added
from tests.support.world.scenes.scene import GENERATE, Scene
from tests.support.world.scenes.stage import check_problem

SUBJECTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "a prompt of 1001 characters": ({"prompt": "x" * 1001}, 422, "prompt_refused"),
    "a prompt of 60,000 characters": ({"prompt": "x" * 60_000}, 422, "prompt_refused"),
    "a prompt of combining marks": ({"prompt": "e" + "\u0301" * 20_000}, 422, "prompt_refused"),
    "an empty prompt": ({"prompt": ""}, 400, "bad_request"),
    "an invisible prompt": ({"prompt": "\u200b\u2003"}, 400, "bad_request"),
    "a prompt with a line break": ({"prompt": "a\nb"}, 400, "bad_request"),
    "a prompt with a null character": ({"prompt": "a\0b"}, 400, "not_json"),
    "a prompt that is a number": ({"prompt": 7}, 400, "bad_request"),
    "a prompt that is null": ({"prompt": None}, 400, "bad_request"),
    "a name and a prompt": ({"name": "Abraham Lincoln", "prompt": "a dog"}, 400, "bad_request"),
    "a name that climbs": ({"name": "../../seller.pem"}, 400, "bad_request"),
    "a name that climbs, encoded": ({"name": "..%2f..%2fseller.pem"}, 400, "bad_request"),
    "a name with a null character": ({"name": "Abraham Lincoln\0.png"}, 400, "not_json"),
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
    assert added(before, after) == {"posting": 2, "redemption": 1}
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
    assert sorted(taken) == [0, 1]


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "a\x7fb", "schl\xfcssel"], ids=ascii)
def test_an_idempotency_key_is_short_plain_text(scene: Scene, key: str) -> None:
    shown = {name.encode(): value.encode() for name, value in scene.payer.headers(scene.bound).items()}
    headers = {**shown, b"Idempotency-Key": key.encode("latin-1")}
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
