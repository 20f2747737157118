"""A wallet of its own for each test that wants one."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from buyer.wallet.file import Wallet


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the wallet is."""
    return tmp_path / "private" / "wallet.db"


@pytest.fixture
def wallet(path: Path) -> Iterator[Wallet]:
    with closing(Wallet.create(path)) as made:
        yield made
