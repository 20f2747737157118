"""These tests are of the devnet itself: each module has one that it may roll back, stop and hurry."""

import pytest

from tests.support.processes.devnet import DevnetProcess


@pytest.fixture(scope="module")
def devnet(own_devnet: DevnetProcess) -> DevnetProcess:
    return own_devnet
