"""Pictures answer conditional and range requests (RFC 9110 sections 13 and 14), with what the holder may see anyway."""

from hashlib import sha256

import httpx
import pytest

from tests.support.world.image_maker import PNG
from tests.support.world.scenes.scene import Scene
from tests.support.world.scenes.stage import check_problem

SIZE = len(PNG)
TAG = f'"{sha256(PNG).hexdigest()}"'


@pytest.fixture(scope="module")
def url(scene: Scene) -> str:
    made = scene.stage.run(scene.payer.generate(scene.bound))
    return str(made.json()["image"]["url"])


def get(scene: Scene, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return scene.stage.run(scene.http.request(method, url, headers=named))


def test_a_picture_says_that_it_can_be_had_in_parts_and_is_no_page(scene: Scene, url: str) -> None:
    answer = get(scene, url)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["etag"] == TAG
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("named", [TAG, f"W/{TAG}", f'"other", {TAG}', "*", f' "a" ,W/{TAG}'])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_there_already_is_not_sent_again(scene: Scene, url: str, method: str, named: str) -> None:
    answer = get(scene, url, method, If_None_Match=named, Range="bytes=0-3")
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == TAG
    assert answer.headers["cache-control"] == "private, immutable, max-age=31536000"
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("named", ['"other"', TAG.strip('"'), TAG.upper(), "", "W/", '"'])
def test_what_is_not_there_is_sent(scene: Scene, url: str, named: str) -> None:
    assert get(scene, url, If_None_Match=named).content == PNG


RANGES = {
    "bytes=0-0": (0, 0),
    "bytes=0-3": (0, 3),
    "bytes=4-": (4, SIZE - 1),
    "bytes=-4": (SIZE - 4, SIZE - 1),
    "BYTES=1-2": (1, 2),
    f"bytes=2-{SIZE * 9}": (2, SIZE - 1),
    f"bytes=-{SIZE * 9}": (0, SIZE - 1),
    f"bytes={SIZE - 1}-": (SIZE - 1, SIZE - 1),
}


@pytest.mark.parametrize("asked", RANGES)
def test_a_range_is_the_bytes_that_were_asked_for(scene: Scene, url: str, asked: str) -> None:
    first, last = RANGES[asked]
    answer = get(scene, url, Range=asked, If_Range=TAG)
    assert (answer.status_code, answer.content) == (206, PNG[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert (answer.headers["etag"], answer.headers["content-type"]) == (TAG, "image/png")
    assert answer.headers["cache-control"] == "private, immutable, max-age=31536000"


@pytest.mark.parametrize(
    "asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 1}", "bytes=-0", f"bytes={'9' * 18}-"]
)
def test_a_range_past_the_end_is_refused_with_the_size(scene: Scene, url: str, asked: str) -> None:
    answer = get(scene, url, Range=asked)
    check_problem(answer, 416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


WHOLE = [
    "bytes=",
    "bytes=-",
    "bytes=3-1",
    "bytes=0-1,4-5",
    "items=0-1",
    "bytes=a-b",
    "bytes=²-3",
    f"bytes={'9' * 19}-",
]


@pytest.mark.parametrize("asked", WHOLE)
def test_what_is_no_range_that_we_know_asks_for_the_whole(scene: Scene, url: str, asked: str) -> None:
    sent = scene.http.get(url, headers={b"Range": asked.encode("latin-1")})
    answer = scene.stage.run(sent)
    assert (answer.status_code, answer.content) == (200, PNG)


@pytest.mark.parametrize("named", ['"other"', f"W/{TAG}", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_range_of_something_else_is_answered_with_the_whole(scene: Scene, url: str, named: str) -> None:
    answer = get(scene, url, Range="bytes=0-3", If_Range=named)
    assert (answer.status_code, answer.content) == (200, PNG)


def test_two_ranges_in_two_lines_and_a_range_of_a_head_ask_for_the_whole(scene: Scene, url: str) -> None:
    lines = [("Range", "bytes=0-1"), ("Range", "bytes=2-3")]
    assert scene.stage.run(scene.http.get(url, headers=lines)).content == PNG
    answer = get(scene, url, "HEAD", Range="bytes=0-1")
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(SIZE))


def test_conditions_show_nobody_what_is_not_there(scene: Scene) -> None:
    for headers in ({"If_None_Match": "*"}, {"Range": "bytes=0-1"}):
        check_problem(get(scene, "/api/images/" + "0" * 32, **headers), 404, "not_found")
