"""Named points at which a test may end the process; in production nothing is armed and nothing happens.

A recovery that was not atomic itself was found only by a failpoint inside the recovery: so they are there too.
"""

from collections.abc import Callable

_armed: list[Callable[[str], None]] = []


def arm(at: Callable[[str], None]) -> None:
    """Call `at` with the name of every point that is passed. For tests alone."""
    _armed.append(at)


def failpoint(name: str) -> None:
    for at in _armed:
        at(name)
