"""Paths, methods and hosts that are spelled to go around the check, and caches that would remember a picture.

Threats of `reference/reliability.md` under "Receipts".
"""

from functools import partial

import httpx
import pytest

from shared.tokens import jws
from tests.support.hostile.http_socket import ask, serving
from tests.support.world.ledger import added
from tests.support.world.scenes.scene import GENERATE, NEW_REQUEST, Scene
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import BASE

METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("method", METHODS)
def test_no_other_method_serves_a_picture(scene: Scene, method: str) -> None:
    """Not even to who may have one."""
    headers = {**scene.dpop(scene.proof(token=scene.bound, method=method)), "Idempotency-Key": "m"}
    send = partial(scene.http.request, method, GENERATE, headers=headers)
    scene.stage.refused(send, 405, "method_not_allowed")


#: spelling of the path → status, code, and whether a payment request is stored for who must pay
SPELLINGS: dict[str, tuple[int, str]] = {
    "/api%2Fimages/generate": (402, "payment_required"),
    "/api/images/%67enerate": (402, "payment_required"),
    "/api/images/generate?receipt=free": (402, "payment_required"),
    "http://evil.example/api/images/generate": (402, "payment_required"),
    "//api/images/generate": (404, "not_found"),
    "/api//images/generate": (404, "not_found"),
    "/api/images/./generate": (404, "not_found"),
    "/api/images/x/../generate": (404, "not_found"),
    "/API/IMAGES/GENERATE": (404, "not_found"),
    "/api/images/generate/": (404, "not_found"),
    "/%c0/api/images/generate": (404, "not_found"),
    "/api/images/generate%c0": (405, "method_not_allowed"),
    "/api/images/generate%00": (400, "bad_request"),
    "/api/images/generate;free": (405, "method_not_allowed"),
    "/api/images/GENERATE": (405, "method_not_allowed"),
}


@pytest.mark.parametrize("target", SPELLINGS)
def test_no_spelling_of_the_path_is_served_free(scene: Scene, target: str) -> None:
    status, code = SPELLINGS[target]

    async def send() -> httpx.Response:
        async with serving(scene.stage.seller.parts.app) as port:
            return await ask(port, "POST", target)

    made = scene.maker.made
    scene.stage.refused(send, status, code, NEW_REQUEST if status == 402 else None)
    assert scene.maker.made == made


def test_a_proof_is_for_one_spelling_of_the_path(scene: Scene) -> None:
    """A proof whose htu is spelled in another way than ours is none, so that nothing can be smuggled through."""
    for spelling in ("/api%2Fimages/generate", "/api/images/generate/", "//api/images/generate"):
        headers = scene.dpop(scene.proof(token=scene.bound, url=BASE + spelling))
        send = partial(scene.http.post, GENERATE, headers=headers)
        scene.stage.refused(send, 401, "holder_proof_invalid")


def test_a_forged_host_changes_nothing_that_is_signed(scene: Scene) -> None:
    host = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    before = scene.stage.ledger()
    answer = scene.stage.run(scene.http.post("/api/images/buy", json={"credits": 1}, headers=host))
    assert answer.status_code == 402
    assert jws.unverified(answer.text)[1]["serviceCallback"] == BASE
    assert "evil.example" not in str(answer.headers) + str(jws.unverified(answer.text))
    assert added(before, scene.stage.ledger()) == NEW_REQUEST
    for path in ("/openapi.json", "/.well-known/did.json", "/api/catalog"):
        assert "evil.example" not in scene.stage.run(scene.http.get(path, headers=host)).text


def test_nothing_but_pictures_may_be_cached(scene: Scene) -> None:
    picture = scene.stage.run(scene.payer.generate(scene.bound))
    redemption, url = picture.json()["redemption_id"], picture.json()["image"]["url"]
    reading = scene.payer.headers(scene.bound, "/api/credits", "GET")
    sent = [
        scene.http.post("/api/images/buy", json={"credits": 1}),
        scene.http.post("/api/images/buy", json={"credits": 1}, headers={"Accept": "application/json"}),
        scene.http.post("/api/images/buy", json={}),
        scene.http.post(GENERATE, headers=scene.payer.headers(scene.bound)),
        scene.http.get("/api/credits", headers=reading),
        *(scene.http.get(path) for path in (f"/api/redemptions/{redemption}", "/api/burns/ab", "/api/none")),
        *(scene.http.get(path) for path in ("/api/catalog", "/api/payments/none", "/.well-known/did.json")),
        *(scene.http.get(path) for path in ("/openapi.json", "/healthz", "/readyz")),
    ]
    for request in sent:
        answer = scene.stage.run(request)
        assert answer.headers["cache-control"] == "no-store", answer.request.url
    shown = scene.stage.run(scene.http.get(url))
    assert shown.headers["cache-control"] == "private, immutable, max-age=31536000"
    check_problem(scene.stage.run(scene.http.get(url + "x")), 404, "not_found")
