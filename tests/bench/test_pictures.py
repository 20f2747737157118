"""What goes wrong beside a measurement ends it."""

import threading

import pytest

from tests.bench.pictures import during


def test_a_poster_that_is_not_drawn_ends_the_run_with_its_error() -> None:
    async def draws() -> None:
        assert begun.wait(20)
        raise AssertionError("402, not 200")

    def window() -> str:
        begun.set()
        return "a window"

    begun = threading.Event()
    with pytest.raises(AssertionError, match="402"):
        during(draws(), window)


def test_windows_follow_each_other_until_the_posters_are_drawn() -> None:
    async def draws() -> None:
        assert enough.wait(20)

    def window() -> int:
        found.append(len(found))
        if len(found) == 3:
            enough.set()
        return found[-1]

    found: list[int] = []
    enough = threading.Event()
    assert during(draws(), window)[:3] == [0, 1, 2]
