"""Who counts as a 19th-century president."""

import pytest

from paywall.products.images.poster.likeness import LIKENESSES
from paywall.products.images.presidents import NAMES, PRESIDENTS, find


def test_there_are_23_people_in_24_presidencies_numbered_2_to_25() -> None:
    numbers = [term.number for president in PRESIDENTS for term in president.terms]
    assert len(NAMES) == len(set(NAMES)) == 23
    assert sorted(numbers) == list(range(2, 26))


def test_everybody_in_the_list_was_in_office_between_1801_and_1900() -> None:
    for president in PRESIDENTS:
        assert any(term.first_year <= 1900 and term.last_year >= 1801 for term in president.terms), president


def test_each_presidency_begins_in_the_year_the_one_before_it_ended() -> None:
    terms = sorted(
        (term for president in PRESIDENTS for term in president.terms), key=lambda term: term.number
    )
    assert [term.first_year for term in terms[1:]] == [term.last_year for term in terms[:-1]]


@pytest.mark.parametrize(
    "name", ["George Washington", "Theodore Roosevelt", "Jefferson Davis", "Lincoln", ""]
)
def test_nobody_else_is_found(name: str) -> None:
    assert find(name) is None


@pytest.mark.parametrize("name", ["ulysses s. grant", "ULYSSES S. GRANT", "  Ulysses  S. Grant\t"])
def test_case_and_white_space_do_not_matter(name: str) -> None:
    president = find(name)
    assert president is not None
    assert president.name == "Ulysses S. Grant"


def test_the_offline_maker_has_a_likeness_of_everybody() -> None:
    assert set(LIKENESSES) == set(NAMES)
