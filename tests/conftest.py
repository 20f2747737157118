"""What many tests stand on: a devnet and a PostgreSQL for each run, and a fresh database for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.devnet import DevnetProcess
from tests.support.services.postgres import Postgres, running_postgres
from tests.support.world.seller import Seller, Selling, open_seller


@pytest.fixture(scope="session")
def devnet() -> Iterator[DevnetProcess]:
    """Makes blocks on demand. Shared: use keys of your own, and do not move its clock."""
    with DevnetProcess() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with the current schema, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'paywall.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """An empty database with the current schema, for what SQLite has not."""
    return postgres.create()


@pytest.fixture
def selling(devnet: DevnetProcess, database_url: str, tmp_path: Path) -> Selling:
    """Opens a seller on the fresh database; every invariant must hold when it closes."""

    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncIterator[Seller]:
        async with open_seller(devnet, tmp_path, database_url=database_url, **settings) as seller:
            yield seller
            assert await seller.invariants() == []

    return opened
