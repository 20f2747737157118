"""What every image maker must do; the OpenAI one against a real `aimock`."""

import asyncio
import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from PIL import Image

from paywall.products.images.maker import ImageMaker, MakerFailed, MakerRefused, Picture, Subject
from paywall.products.images.offline import OfflineImageMaker
from paywall.products.images.openai import DEFAULT_MODEL, OpenAIImageMaker
from tests.support.services import openai_images as fake
from tests.support.services.npm_tools import npm

T = TypeVar("T")

USER = "5f2a" * 16
LINCOLN = Subject("name", "Abraham Lincoln")
LIGHTHOUSE = Subject("prompt", "a lighthouse in the fog")


def picture_file(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(file, kind)
    return file.getvalue()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


PNG = encoded(picture_file())


def fixture(text: str, response: dict[str, object], **more: object) -> dict[str, object]:
    return {"match": {"endpoint": "image", "userMessage": text}, "response": response, **more}


def error_fixture(text: str, status: int, code: str) -> dict[str, object]:
    return fixture(text, {"status": status, "error": {"message": "no", "type": "t", "code": code}})


AIMOCK_FIXTURES = [
    fixture("Abraham Lincoln", {"image": {"b64Json": PNG}}),
    fixture("lighthouse", {"image": {"b64Json": PNG}}),
    error_fixture("forbidden", 400, "moderation_blocked"),
    error_fixture("hurried", 429, "rate_limit_exceeded"),
    error_fixture("broken", 500, "server_error"),
    fixture("malformed", {"image": {"b64Json": PNG}}, chaos={"malformedRate": 1.0}),
    fixture("disconnected", {"image": {"b64Json": PNG}}, chaos={"disconnectRate": 1.0}),
]


@pytest.fixture(scope="module")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a real `aimock` in a process of its own."""
    fixtures = tmp_path_factory.mktemp("aimock") / "images.json"
    fixtures.write_text(json.dumps({"fixtures": AIMOCK_FIXTURES}), "utf-8")
    installed = npm()
    program = installed.folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    process = subprocess.Popen(
        [installed.node, program, "--port", "0", "--fixtures", fixtures, "--strict"],
        env={**os.environ, "AIMOCK_API_KEYS": fake.KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield next(line.split()[-1] for line in process.stdout if "listening on" in line) + "/v1"
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(params=["offline", "openai"])
def build(request: pytest.FixtureRequest) -> Callable[[], ImageMaker]:
    """A way to build each maker, inside the event loop that will use it."""
    if request.param == "offline":
        return OfflineImageMaker
    url = str(request.getfixturevalue("aimock"))
    return lambda: OpenAIImageMaker(fake.KEY, base_url=url)


async def ask(maker: ImageMaker, subject: Subject) -> Picture:
    return await maker.make(subject, redemption_id="redemption-1", safety_identifier=USER)


def with_maker(build: Callable[[], ImageMaker], use: Callable[[ImageMaker], Awaitable[T]]) -> T:
    async def scenario() -> T:
        maker = build()
        try:
            return await use(maker)
        finally:
            await maker.aclose()

    return asyncio.run(scenario())


@pytest.mark.parametrize("subject", [LINCOLN, LIGHTHOUSE], ids=["name", "prompt"])
def test_every_maker_gives_one_complete_picture_of_the_type_it_names(
    build: Callable[[], ImageMaker], subject: Subject
) -> None:
    picture = with_maker(build, lambda maker: ask(maker, subject))
    with Image.open(io.BytesIO(picture.data)) as image:
        image.load()
        assert Image.MIME[str(image.format)] == picture.media_type
    json.dumps(dict(picture.usage))


def test_every_maker_serves_requests_at_the_same_time(build: Callable[[], ImageMaker]) -> None:
    async def four(maker: ImageMaker) -> list[Picture]:
        return await asyncio.gather(*(ask(maker, subject) for subject in (LINCOLN, LIGHTHOUSE) * 2))

    first, second, third, fourth = with_maker(build, four)
    assert (first.data, second.data) == (third.data, fourth.data)


def test_every_maker_has_its_name_as_id(build: Callable[[], ImageMaker]) -> None:
    async def name(maker: ImageMaker) -> str:
        return maker.id

    assert with_maker(build, name) in {"offline", "openai"}


def test_every_maker_can_be_closed_twice(build: Callable[[], ImageMaker]) -> None:
    with_maker(build, lambda maker: maker.aclose())


@pytest.mark.parametrize(
    ("prompt", "expected", "retryable"),
    [
        ("something forbidden", MakerRefused, None),
        ("something hurried", MakerFailed, True),
        ("something broken", MakerFailed, True),
        ("something malformed", MakerFailed, False),
        ("something disconnected", MakerFailed, True),
    ],
)
def test_aimock_s_failures_are_told_apart(
    aimock: str, prompt: str, expected: type[Exception], retryable: bool | None
) -> None:
    with pytest.raises(expected) as caught:
        with_maker(
            lambda: OpenAIImageMaker(fake.KEY, base_url=aimock),
            lambda maker: ask(maker, Subject("prompt", prompt)),
        )
    assert getattr(caught.value, "retryable", None) is retryable


def test_aimock_refuses_a_wrong_key_and_the_operator_is_told_which_setting_to_look_at(aimock: str) -> None:
    with pytest.raises(MakerFailed, match="OPENAI_API_KEY") as caught:
        with_maker(lambda: OpenAIImageMaker("sk-wrong", base_url=aimock), lambda maker: ask(maker, LINCOLN))
    assert not caught.value.retryable
    assert "sk-wrong" not in str(caught.value)


def test_the_fake_answers_in_the_shapes_that_aimock_has(aimock: str) -> None:
    def shape(answer: httpx.Response) -> object:
        body = answer.json()
        inner = body["data"][0] if "data" in body else body["error"]
        return answer.status_code, answer.headers["content-type"], body.keys() - {"usage"}, inner.keys()

    def post(base_url: str, prompt: str) -> httpx.Response:
        body = {"model": DEFAULT_MODEL, "prompt": prompt, "n": 1, "safety_identifier": USER}
        headers = {"Authorization": f"Bearer {fake.KEY}"}
        return httpx.post(f"{base_url}/images/generations", json=body, headers=headers)

    async def ours(answer: fake.Answer) -> httpx.Response:
        async with fake.FakeImagesApi(answer) as api:
            return await asyncio.to_thread(post, api.base_url, "anything")

    refusal = fake.error(400, "moderation_blocked")
    assert shape(asyncio.run(ours(fake.picture(PNG)))) == shape(post(aimock, LIGHTHOUSE.prompt))
    assert shape(asyncio.run(ours(refusal))) == shape(post(aimock, "forbidden"))


def test_the_fake_complains_of_a_request_that_openai_would_refuse() -> None:
    async def scenario() -> list[str]:
        async with fake.FakeImagesApi(fake.picture(PNG)) as api, httpx.AsyncClient() as client:
            body = {"prompt": "x" * 32_001, "n": 2, "response_format": "b64_json", "seed": 1}
            await client.post(f"{api.base_url}/images/generations?a=b", json=body)
            return api.complaints

    assert len(asyncio.run(scenario())) == 8


def test_importing_the_adapter_does_not_import_openai() -> None:
    modules = "paywall.products.images.openai, paywall.products.images.offline"
    code = f"import sys, {modules}; print({{'openai', 'PIL'}} & set(sys.modules))"
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
