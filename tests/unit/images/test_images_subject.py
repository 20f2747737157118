"""What a generate request may ask for."""

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.products.images.maker import Subject
from paywall.products.images.presidents import NAMES
from paywall.products.images.subject import SubjectError, read_subject


def first(names: Sequence[str]) -> str:
    return names[0]


def refusal(body: dict[str, object]) -> SubjectError:
    with pytest.raises(SubjectError) as caught:
        read_subject(body, first)
    return caught.value


def test_a_name_comes_back_in_its_usual_spelling() -> None:
    assert read_subject({"name": "abraham LINCOLN"}, first) == Subject("name", "Abraham Lincoln")


def test_a_body_that_asks_for_nothing_gets_the_president_that_chance_picks() -> None:
    offered: list[str] = []

    def last(names: Sequence[str]) -> str:
        offered.extend(names)
        return names[-1]

    assert read_subject({}, last) == Subject("name", "William McKinley")
    assert tuple(offered) == NAMES


def test_other_members_of_the_body_are_left_alone() -> None:
    assert read_subject({"prompt": "a cat", "receipt": 7}, first) == Subject("prompt", "a cat")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Lincoln", "Did you mean Abraham Lincoln?"),
        ("adams", "Did you mean John Adams or John Quincy Adams?"),
        ("Abrahm Lincon", "Did you mean Abraham Lincoln?"),
        ("Millard Filmore", "Did you mean Millard Fillmore?"),
        ("xxxxxxxx", "of that name."),
        ("", "of that name."),
        ("../../etc/passwd", "of that name."),
        ("lincoln " * 10_000, "of that name."),
    ],
    ids=["surname", "shared surname", "misspelt", "one letter", "nobody", "empty", "a path", "endless"],
)
def test_an_unknown_name_is_an_error_with_those_that_are_near(name: str, hint: str) -> None:
    error = refusal({"name": name})
    assert str(error).endswith(hint)
    assert not error.refused


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Abraham Lincoln", "prompt": "a cat"},
        {"name": None},
        {"name": 16},
        {"name": ["Abraham Lincoln"]},
        {"prompt": None},
        {"prompt": {"text": "a cat"}},
        {"prompt": ""},
        {"prompt": " \u00a0\u3000 "},
        {"prompt": "\u200b\u200d\ufe0f"},
        {"prompt": "a\x00cat"},
        {"prompt": "a\ncat"},
        {"prompt": "a\x9bcat"},
        {"prompt": "a\u2028cat"},
        {"prompt": "a\ud800cat"},
    ],
    ids=[
        "both", "null name", "number", "list", "null prompt", "object", "empty", "white space",
        "nothing visible", "NUL", "line break", "C1 control", "line separator", "lone surrogate",
    ],
)  # fmt: skip
def test_a_body_with_an_error_in_it_is_not_a_refused_prompt(body: dict[str, object]) -> None:
    assert not refusal(body).refused


@pytest.mark.parametrize(
    "prompt",
    ["x" * 1001, "\u00e9" * 1001, "e\u0301" * 1001, "\U0001f408" * 1001, "a" + "\u0301\u0323" * 150_000],
    ids=["ASCII", "composed", "composes to 1001", "astral", "combining marks without end"],
)
def test_a_prompt_over_1000_characters_is_refused(prompt: str) -> None:
    assert refusal({"prompt": prompt}).refused


@pytest.mark.parametrize(
    "prompt",
    ["x", "x" * 1000, "e\u0301" * 1000, "\u1f82" * 1000, unicodedata.normalize("NFD", "\u1f82" * 1000)],
    ids=["one", "1000", "2000 that compose to 1000", "1000 of the widest", "4000 that compose to 1000"],
)
def test_a_prompt_of_1_to_1000_characters_after_normalisation_is_taken(prompt: str) -> None:
    subject = read_subject({"prompt": prompt}, first)
    assert subject.text == unicodedata.normalize("NFC", prompt)


def test_prompts_that_only_look_the_same_way_are_the_same_subject() -> None:
    assert read_subject({"prompt": " cafe\u0301 "}, first) == read_subject({"prompt": "caf\u00e9"}, first)


def test_emoji_joined_by_invisible_characters_stay_whole() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert read_subject({"prompt": family}, first).text == family


def test_a_model_is_asked_for_a_portrait_of_a_name_and_for_a_prompt_as_it_is() -> None:
    assert Subject("name", "John Tyler").prompt.startswith("A portrait of John Tyler, ")
    assert Subject("prompt", "John Tyler").prompt == "John Tyler"


@given(st.text())
def test_whatever_the_text_the_answer_is_a_lawful_subject_or_a_subject_error(text: str) -> None:
    try:
        subject = read_subject({"prompt": text}, first)
    except SubjectError:
        return
    assert 1 <= len(subject.text) <= 1000
    assert subject.text == subject.text.strip()
    assert unicodedata.is_normalized("NFC", subject.text)
    subject.text.encode()
    assert read_subject({"prompt": subject.text}, first) == subject


DISGUISES = [
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *map(chr, range(0xE0000, 0xE0080)),
]


def test_a_prompt_says_nothing_that_nobody_sees() -> None:
    """Tags spell hidden orders to a model, and bidirectional controls show an order that is not the text's."""
    spelled = "".join(
        letter + hidden for letter, hidden in zip("a cat and a dog" * 10, DISGUISES * 2, strict=False)
    )
    assert read_subject({"prompt": spelled}, first) == Subject("prompt", "a cat and a dog" * 10)
    assert str(refusal({"prompt": "".join(DISGUISES)})) == "The prompt is empty."


@pytest.mark.parametrize(
    "prompt", ["\u05d0\u05d1 abc", "\U0001f469\u200d\U0001f680", "na\u00efve"], ids=ascii
)
def test_scripts_and_joined_emoji_stay_as_they_are(prompt: str) -> None:
    assert read_subject({"prompt": prompt}, first) == Subject("prompt", prompt)
