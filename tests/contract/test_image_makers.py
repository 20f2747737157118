"""What every image maker must do, and what the OpenAI one makes of a server that does not do its part."""

import asyncio
import base64
import io
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from PIL import Image

from paywall.images.base import ImageMaker, ImageMakerFailed, Picture, PromptRefused, Subject
from paywall.images.offline import OfflineImageMaker
from paywall.images.openai import DEFAULT_MODEL, OpenAIImageMaker
from tests.fakes import openai_images as fake
from tests.npm_tools import npm

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


def outcome(
    answer: fake.Answer, subject: Subject = LIGHTHOUSE, *, timeout: float = 20
) -> Exception | Picture:
    """What the OpenAI maker makes of one answer; it must have asked properly, and only once."""

    async def scenario() -> Exception | Picture:
        async with fake.FakeImagesApi(answer) as api:
            maker = OpenAIImageMaker(fake.KEY, base_url=api.base_url, timeout=timeout)
            try:
                return await ask(maker, subject)
            except (PromptRefused, ImageMakerFailed) as failure:
                return failure
            finally:
                await maker.aclose()
                assert api.complaints == []
                assert len(api.requests) == 1

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
        ("something forbidden", PromptRefused, None),
        ("something hurried", ImageMakerFailed, True),
        ("something broken", ImageMakerFailed, True),
        ("something malformed", ImageMakerFailed, False),
        ("something disconnected", ImageMakerFailed, True),
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
    with pytest.raises(ImageMakerFailed, match="OPENAI_API_KEY") as caught:
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


def test_the_model_is_sent_the_prompt_the_hashed_user_and_the_redemption() -> None:
    async def scenario() -> fake.FakeImagesApi:
        async with fake.FakeImagesApi(fake.picture(PNG)) as api:
            maker = OpenAIImageMaker(fake.KEY, base_url=api.base_url, model="some-model")
            await maker.make(LINCOLN, redemption_id="redemption-7", safety_identifier=USER)
            await maker.aclose()
            return api

    api = asyncio.run(scenario())
    assert api.complaints == []
    assert api.requests[0] == {
        "model": "some-model",
        "prompt": LINCOLN.prompt,
        "n": 1,
        "size": "1024x1024",
        "safety_identifier": USER,
    }
    assert api.headers[0]["x-client-request-id"] == "redemption-7"


def test_what_the_picture_cost_is_kept_with_the_model() -> None:
    picture = outcome(fake.picture(PNG))
    assert isinstance(picture, Picture)
    assert picture.usage == {
        "model": DEFAULT_MODEL, "input_tokens": 11, "output_tokens": 1056, "total_tokens": 1067,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_type_is_read_from_the_bytes(kind: str) -> None:
    picture = outcome(fake.picture(encoded(picture_file(kind))))
    assert isinstance(picture, Picture)
    assert picture.media_type == f"image/{kind.lower()}"


@pytest.mark.parametrize("code", ["moderation_blocked", "content_policy_violation"])
def test_a_refused_prompt_is_told_apart_from_other_bad_requests(code: str) -> None:
    assert isinstance(outcome(fake.error(400, code)), PromptRefused)


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        pytest.param(fake.error(400, "invalid_value"), False, id="bad request"),
        pytest.param(fake.error(401, "invalid_api_key"), False, id="wrong key"),
        pytest.param(fake.error(403, "unsupported_country_region_territory"), False, id="not allowed"),
        pytest.param(fake.error(404, "model_not_found"), False, id="unknown model"),
        pytest.param(fake.error(429, "insufficient_quota"), False, id="no quota"),
        pytest.param(fake.error(400, "billing_hard_limit_reached"), False, id="spending limit"),
        pytest.param(
            fake.error(429, "rate_limit_exceeded", headers="Retry-After: 1\r\n"), True, id="too fast"
        ),
        pytest.param(
            fake.error(500, "server_error", headers="x-should-retry: true\r\n"), True, id="told to retry"
        ),
        pytest.param(fake.reply(502, b"<html>Bad Gateway</html>"), True, id="gateway page"),
        pytest.param(fake.error(503, None), True, id="overloaded"),
        pytest.param(fake.silence, True, id="silence"),
        pytest.param(fake.stall, True, id="answer that stalls"),
        pytest.param(fake.cut_off(b'{"data": [{"b64_json": "iVBO'), True, id="answer that breaks off"),
        pytest.param(fake.endless, False, id="answer without end"),
        pytest.param(fake.reply(200, b"<html>hello</html>"), False, id="not JSON"),
        pytest.param(fake.picture(PNG[: len(PNG) // 8 * 4]), False, id="truncated Base64"),
        pytest.param(fake.picture(encoded(b"GIF89a picture")), False, id="another type of file"),
    ],
)
def test_a_failure_says_whether_asking_again_may_help_and_nothing_is_asked_twice(
    answer: fake.Answer, retryable: bool
) -> None:
    failure = outcome(answer, timeout=0.5 if answer in {fake.silence, fake.stall} else 20)
    assert isinstance(failure, ImageMakerFailed)
    assert failure.retryable is retryable


def test_a_server_that_is_not_there_is_retryable() -> None:
    async def scenario() -> Picture:
        async with fake.FakeImagesApi(fake.silence) as api:
            gone = api.base_url
        maker = OpenAIImageMaker(fake.KEY, base_url=gone)
        try:
            return await ask(maker, LINCOLN)
        finally:
            await maker.aclose()

    with pytest.raises(ImageMakerFailed) as caught:
        asyncio.run(scenario())
    assert caught.value.retryable


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_neither_key_nor_prompt_gets_into_a_log_or_a_traceback(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    canary = Subject("prompt", "canary-prompt-71c3")
    caplog.set_level(logging.DEBUG)
    result = outcome(fake.error(status, None, message=f"{fake.KEY} said {canary.text}"), canary)
    assert isinstance(result, ImageMakerFailed)
    told = caplog.text + "".join(traceback.format_exception(result))
    assert fake.KEY not in told
    assert canary.text not in told


def test_importing_the_adapter_does_not_import_openai() -> None:
    modules = "paywall.images.openai, paywall.images.offline"
    code = f"import sys, {modules}; print({{'openai', 'PIL'}} & set(sys.modules))"
    root = Path(__file__).parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
