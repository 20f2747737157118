"""The posters of the offline image maker."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from paywall.products.images.maker import Picture, Subject
from paywall.products.images.poster.sheet import draw
from paywall.products.images.presidents import NAMES


def make(subject: Subject) -> Picture:
    return Picture(draw(subject), "image/png", {})


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
