"""The posters of the offline image maker."""

import asyncio
import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paywall.products.images.maker import Picture, Subject
from paywall.products.images.offline import OfflineImageMaker
from paywall.products.images.presidents import NAMES

ROOT = Path(__file__).parents[3]


def make(subject: Subject) -> Picture:
    maker = OfflineImageMaker()
    return asyncio.run(maker.make(subject, redemption_id="r", safety_identifier="s"))


def check(picture: Picture) -> Image.Image:
    assert len(picture.data) < 400_000
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert (image.format, image.size) == ("PNG", (1024, 1024))
    return image


@pytest.mark.parametrize("name", NAMES)
def test_every_president_gets_a_poster_of_1024_by_1024_pixels_under_400_kb(name: str) -> None:
    check(make(Subject("name", name)))


@pytest.mark.parametrize(
    "prompt",
    [
        "x", "a cat " * 166, "x" * 1000, "\u5c71" * 1000, "\ufdfa" * 1000, "\u33d5" * 1000, "W " * 500,
        "\u0301" * 1000, "\U0001f469\u200d\U0001f680", "\u0645\u0631\u062d\u0628\u0627",
        "\U0010ffff\ue000\ufffd",
    ],
    ids=[
        "one letter", "words", "one long word", "CJK", "Arabic ligature", "square MIL", "wide letters",
        "only marks", "joined emoji", "right to left", "private and unassigned",
    ],
)  # fmt: skip
def test_awkward_prompts_are_drawn_in_full(prompt: str) -> None:
    check(make(Subject("prompt", prompt)))


@settings(max_examples=6, deadline=None)
@given(st.text(min_size=1, max_size=1000))
def test_any_text_at_all_is_drawn(text: str) -> None:
    check(make(Subject("prompt", text)))


def test_the_same_subject_gives_the_same_bytes_in_another_process() -> None:
    code = """
import asyncio, hashlib
from paywall.products.images.maker import Subject
from paywall.products.images.offline import OfflineImageMaker
tram = Subject("prompt", "a tram in Lisbon")
picture = asyncio.run(OfflineImageMaker().make(tram, redemption_id="x", safety_identifier="y"))
print(hashlib.sha256(picture.data).hexdigest())
"""
    here = hashlib.sha256(make(Subject("prompt", "a tram in Lisbon")).data).hexdigest()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == here


def test_every_subject_has_a_poster_of_its_own() -> None:
    subjects = [
        Subject("name", "John Tyler"),
        Subject("prompt", "John Tyler"),
        Subject("prompt", "John Tyler."),
    ]
    assert len({make(subject).data for subject in subjects}) == 3


def test_the_file_itself_says_that_no_model_was_used() -> None:
    image = check(make(Subject("prompt", "a cat")))
    assert image.info["Description"] == "placeholder - drawn offline, no model was used"


def test_the_notice_is_set_on_every_sheet_in_a_colour_apart_from_the_paper() -> None:
    for subject in (Subject("name", "James K. Polk"), Subject("prompt", "\u5c71" * 1000)):
        notice = check(make(subject)).convert("L").crop((300, 962, 724, 988))
        low, high = notice.getextrema()
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        assert high - low > 120


def test_the_event_loop_goes_on_while_a_poster_is_drawn() -> None:
    async def turns() -> int:
        maker = OfflineImageMaker()
        drawing = asyncio.create_task(
            maker.make(Subject("name", "John Tyler"), redemption_id="r", safety_identifier="s")
        )
        count = 0
        while not drawing.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert asyncio.run(turns()) > 50
