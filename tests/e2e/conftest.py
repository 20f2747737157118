"""One devnet and one seller for the tests that leave them whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.evm.evm_node import EvmNode
from tests.support.evm.x402_facilitator import X402Facilitator
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess


@pytest.fixture(scope="session")
def devnet() -> Iterator[DevnetProcess]:
    with DevnetProcess(block_seconds=0.2) as process:
        yield process


@pytest.fixture(scope="session")
def seller(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SellerProcess]:
    with SellerProcess(devnet, tmp_path_factory.mktemp("seller")) as process:
        yield process


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a space in its name, as on many desks."""
    return tmp_path / "with a space"


@pytest.fixture
def node() -> Iterator[EvmNode]:
    with EvmNode() as node:
        yield node


@pytest.fixture
def facilitator(node: EvmNode) -> Iterator[X402Facilitator]:
    with X402Facilitator(node) as facilitator:
        yield facilitator
