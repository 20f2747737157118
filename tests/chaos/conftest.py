"""A devnet of the harness's own, because it rolls back."""

from collections.abc import Iterator

import pytest

from tests.chaos import processes
from tests.support.processes.devnet import DevnetProcess


@pytest.fixture(scope="session")
def chaotic_devnet() -> Iterator[DevnetProcess]:
    """Makes blocks on demand; for one test at a time."""
    processes.preload(processes.BARE)
    with DevnetProcess() as running:
        yield running
