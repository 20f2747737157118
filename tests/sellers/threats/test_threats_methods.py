"""A wrong method on a path that is there is 405, with what the path does take; nothing is done, and nothing shown."""

from functools import partial

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.scenes.scene import GENERATE, Scene
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import BASE

POST_ONLY = ["/api/images/buy", GENERATE, "/api/payments"]
GET_ONLY = ["/api/payments/none", "/api/catalog", "/api/credits", "/api/redemptions/none", "/api/burns/none"]
GET_ONLY += ["/api/images/" + "0" * 32, "/.well-known/did.json", "/openapi.json", "/healthz", "/readyz"]
WRONG = ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]


@pytest.mark.parametrize("path", [*POST_ONLY, *GET_ONLY])
def test_a_wrong_method_is_answered_with_the_right_ones(scene: Scene, path: str) -> None:
    posting = path in POST_ONLY
    for method in [*WRONG, *(["GET", "HEAD"] if posting else ["POST"])]:
        send = partial(
            scene.http.request, method, path, headers=scene.payer.headers(scene.bound, path, method)
        )
        answer = scene.stage.refused(send, 405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) == ({"POST"} if posting else {"GET", "HEAD"})


def test_who_finds_no_route_is_told_where_they_are(scene: Scene) -> None:
    for path in ("/", "/api/none"):
        answer = scene.stage.refused(partial(scene.http.get, path), 404, "not_found")
        for known in ("/api/catalog", "/openapi.json"):
            assert f"{BASE}{known}" in answer.json()["detail"]


def test_it_is_so_below_another_apps_path(scene: Scene) -> None:
    host = Starlette(routes=[Mount("/shop", scene.stage.seller.parts.app)])

    async def ask(method: str, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(host)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8402") as http:
            return await http.request(method, f"/shop{path}", headers={"Origin": "https://page.example"})

    for method, path, allowed in [("GET", GENERATE, "POST"), ("DELETE", "/api/catalog", "GET, HEAD")]:
        answer = scene.stage.run(ask(method, path))
        check_problem(answer, 405, "method_not_allowed")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert sorted(answer.headers["allow"].split(", ")) == sorted(allowed.split(", "))


def test_the_devnet_says_so_too(devnet: DevnetProcess) -> None:
    answer = httpx.put(f"{devnet.url}/blocks/latest")
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
