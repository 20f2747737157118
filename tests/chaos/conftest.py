"""A devnet of the harness's own, because it rolls back."""

from collections.abc import Iterator

import pytest

from tests.chaos import processes
from tests.support.processes.devnet import DevnetProcess


@pytest.fixture(scope="session", autouse=True)
def preloaded() -> None:
    """Sellers start in a blink, with room for planted faults."""
    processes.preload(processes.BARE)


@pytest.fixture(scope="session")
def chaotic_devnet() -> Iterator[DevnetProcess]:
    """Makes blocks on demand; for one test at a time."""
    with DevnetProcess() as running:
        yield running
