"""What every image maker must do; the OpenAI one against a real `aimock`."""

import asyncio
import io
import json
from collections.abc import Callable

import pytest
from PIL import Image

from paywall.products.images.maker import ImageMaker, Picture, Subject
from paywall.products.images.offline import OfflineImageMaker
from paywall.products.images.openai import OpenAIImageMaker
from tests.support.services import openai_images as fake
from tests.support.world.asking_makers import LIGHTHOUSE, LINCOLN, ask, with_maker


@pytest.fixture(params=["offline", "openai"])
def build(request: pytest.FixtureRequest) -> Callable[[], ImageMaker]:
    """A way to build each maker, inside the event loop that will use it."""
    if request.param == "offline":
        return OfflineImageMaker
    url = str(request.getfixturevalue("aimock"))
    return lambda: OpenAIImageMaker(fake.KEY, base_url=url)


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
