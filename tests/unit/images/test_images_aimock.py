"""The OpenAI maker against a real `aimock`, and our own fake beside it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from paywall.products.images.maker import MakerFailed, MakerRefused, Subject
from paywall.products.images.openai import DEFAULT_MODEL, OpenAIImageMaker
from tests.support.services import openai_images as fake
from tests.support.services import pictures
from tests.support.world.asking_makers import LIGHTHOUSE, LINCOLN, USER, ask, with_maker


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
    assert shape(asyncio.run(ours(fake.picture(pictures.PNG)))) == shape(post(aimock, LIGHTHOUSE.prompt))
    assert shape(asyncio.run(ours(refusal))) == shape(post(aimock, "forbidden"))


def test_the_fake_complains_of_a_request_that_openai_would_refuse() -> None:
    async def scenario() -> list[str]:
        async with fake.FakeImagesApi(fake.picture(pictures.PNG)) as api, httpx.AsyncClient() as client:
            body = {"prompt": "x" * 32_001, "n": 2, "response_format": "b64_json", "seed": 1}
            await client.post(f"{api.base_url}/images/generations?a=b", json=body)
            return api.complaints

    assert len(asyncio.run(scenario())) == 8


def test_importing_the_adapter_does_not_import_openai() -> None:
    modules = "paywall.products.images.openai, paywall.products.images.offline"
    code = f"import sys, {modules}; print({{'openai', 'PIL'}} & set(sys.modules))"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "set()", done.stderr
