"""One facilitator over HTTP for all tests of a module."""

from collections.abc import Iterator

import pytest

from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.facilitator import FacilitatorProcess


@pytest.fixture(scope="module")
def served(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FacilitatorProcess]:
    with FacilitatorProcess(devnet, tmp_path_factory.mktemp("facilitator")) as running:
        yield running
