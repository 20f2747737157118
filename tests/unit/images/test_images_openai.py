"""What the OpenAI image maker sends, and what it makes of a server that does not do its part."""

import asyncio
import logging
import traceback

import pytest

from paywall.products.images.maker import MakerFailed, MakerRefused, Picture, Subject
from paywall.products.images.openai import DEFAULT_MODEL, OpenAIImageMaker
from tests.support.services import openai_images as fake
from tests.support.services.pictures import PNG, encoded, picture_file
from tests.support.world.asking_makers import LIGHTHOUSE, LINCOLN, USER, ask


def outcome(
    answer: fake.Answer, subject: Subject = LIGHTHOUSE, *, timeout: float = 20
) -> Exception | Picture:
    """What the OpenAI maker makes of one answer; it must have asked properly, and only once."""

    async def scenario() -> Exception | Picture:
        async with fake.FakeImagesApi(answer) as api:
            maker = OpenAIImageMaker(fake.KEY, base_url=api.base_url, timeout=timeout)
            try:
                return await ask(maker, subject)
            except (MakerRefused, MakerFailed) as failure:
                return failure
            finally:
                await maker.aclose()
                assert api.complaints == []
                assert len(api.requests) == 1

    return asyncio.run(scenario())


def test_the_model_is_sent_the_prompt_the_hashed_user_and_the_redemption() -> None:
    async def scenario() -> fake.FakeImagesApi:
        async with fake.FakeImagesApi(fake.picture(PNG)) as api:
            maker = OpenAIImageMaker(fake.KEY, base_url=api.base_url, model="some-model")
            await ask(maker, LINCOLN)
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
    assert isinstance(outcome(fake.error(400, code)), MakerRefused)


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
        pytest.param(fake.drip, True, id="answer in drops"),
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
    failure = outcome(answer, timeout=0.5 if answer in {fake.silence, fake.stall, fake.drip} else 20)
    assert isinstance(failure, MakerFailed)
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

    with pytest.raises(MakerFailed) as caught:
        asyncio.run(scenario())
    assert caught.value.retryable


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_neither_key_nor_prompt_gets_into_a_log_or_a_traceback(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    canary = Subject("prompt", "canary-prompt-71c3")
    caplog.set_level(logging.DEBUG)
    result = outcome(fake.error(status, None, message=f"{fake.KEY} said {canary.text}"), canary)
    assert isinstance(result, MakerFailed)
    told = caplog.text + "".join(traceback.format_exception(result))
    assert fake.KEY not in told
    assert canary.text not in told
