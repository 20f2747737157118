"""No reader of strangers' bytes takes more than its share for more of them. Counted, not timed.

Three counts, for work hides in three places: lines of ours that run, comparisons that a map makes of its keys,
and (`test_growth_of_patterns.py`) characters that a pattern looks at.
"""

from collections.abc import Callable

import pytest

from paywall.products.images.subject import SubjectError, read_subject
from shared.cardano.read.cbor import CborError, CborMap, Reader, Tagged
from tests.support.hostile.line_steps import lines_run
from tests.support.hostile.long_bytes import (
    READERS,
    colliding_lists,
    colliding_numbers,
    colliding_tags,
    map_of,
)

SHORT = 100
ALLOWANCE = 200


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_twice_the_bytes_run_twice_the_lines(read: Callable[[int], object]) -> None:
    read_once(read)
    few, many = (lines_run(lambda count=count: read(count)) for count in (SHORT, 2 * SHORT))  # type: ignore[misc]
    assert many <= 2.2 * few + ALLOWANCE


def read_once(read: Callable[[int], object]) -> None:
    """What is imported or cached by the first call is not what the second costs."""
    lines_run(lambda: read(1))


def test_keys_that_collide_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers hash as anybody can work out: as keys of a dict, 400 such keys took 80,000 comparisons."""
    compared = 0
    equal = Tagged.__eq__

    def counting(self: Tagged, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(self, other)

    monkeypatch.setattr(Tagged, "__eq__", counting)
    found = Reader(colliding_tags(400)).item()
    assert len(found) == 400
    assert compared == 0
    key = next(iter(found))
    assert found[key] == 0
    assert compared == 0


def test_a_map_is_found_by_keys_whose_hashes_nobody_can_work_out() -> None:
    """The same for lists and numbers, whose comparisons nobody can count: their hashes collide, and are not used."""
    keys = [tuple(numbers) for numbers in colliding_numbers(400)]
    assert len({hash(key) for key in keys}) == 1
    found = Reader(colliding_lists(400)).item()
    assert isinstance(found, CborMap)
    assert list(found) == keys
    assert all(found[key] == 0 for key in keys)


@pytest.mark.parametrize(
    "key", [b"\x01", b"\x20", b"\x41a", b"\x61a", b"\x82\x01\x02", b"\xc1\x01", b"\x81\xf5"], ids=bytes.hex
)
def test_a_key_that_comes_twice_is_refused_and_all_others_stay_apart(key: bytes) -> None:
    others = [b"\x02", b"\x21", b"\x41b", b"\x61b", b"\x82\x02\x01", b"\xc2\x01", b"\xc1\x02", b"\x81\x01"]
    assert len(Reader(map_of([key, *others])).item()) == 1 + len(others)
    with pytest.raises(CborError, match="twice"):
        Reader(map_of([key, *others, key])).item()


def test_marks_that_would_be_put_into_order_come_thirty_at_a_time() -> None:
    """Normalising sorts each run of them, by the square of its length: 4,000 took 14 ms of the event loop."""
    subject = read_subject({"prompt": ("a" + "\u0316\u0300" * 15) * 20}, min)
    assert subject.kind == "prompt"
    with pytest.raises(SubjectError, match="combining marks"):
        read_subject({"prompt": "a" + "\u0316\u0300" * 15 + "\u0316"}, min)
