"""What many tests stand on: services that run for long, and a fresh database and seller for each test."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from paywall.database.engine import Database
from paywall.database.opening import open_database
from tests.support.processes.devnet import DevnetProcess
from tests.support.services import softhsm
from tests.support.services.aimock import running_aimock
from tests.support.services.ministack import Ministack, running_ministack
from tests.support.services.postgres import Postgres, running_postgres
from tests.support.services.softhsm import SoftHsm
from tests.support.world.seller import Seller, Selling, open_seller

# A time limit for one example would be an assertion about the machine.
hypothesis.settings.register_profile("without a clock", deadline=None)
hypothesis.settings.load_profile("without a clock")


def pytest_configure() -> None:
    """A shell's job in the background ignores interrupts, and so would every process that a test starts there."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def devnet() -> Iterator[DevnetProcess]:
    """Makes blocks on demand. Shared: use keys of your own; what moves its clock or rolls it back has `own_devnet`."""
    with DevnetProcess() as running:
        yield running


@pytest.fixture(scope="module")
def own_devnet() -> Iterator[DevnetProcess]:
    """The module's alone, which may move its clock, roll it back and stop it."""
    with DevnetProcess() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of somebody else's fake of OpenAI's API."""
    with running_aimock(tmp_path_factory.mktemp("aimock")) as url:
        yield url


@pytest.fixture(scope="module")
def kms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    """AWS KMS on loopback; this process's environment names it."""
    with running_ministack(tmp_path_factory.mktemp("kms")) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """One for each process: its library reads the environment once."""
    token = SoftHsm(tmp_path_factory.mktemp("hsm"), softhsm.find_module())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in token.environment.items():
            patch.setenv(name, value)
        token.make_keys()
        yield token


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
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def selling(devnet: DevnetProcess, database_url: str, tmp_path: Path) -> Selling:
    """Opens a seller on the fresh database; every invariant must hold when it closes."""
    return _selling(devnet, database_url, tmp_path)


@pytest.fixture
def own_selling(own_devnet: DevnetProcess, database_url: str, tmp_path: Path) -> Selling:
    """The same over a devnet whose clock may be moved, and which may be rolled back."""
    return _selling(own_devnet, database_url, tmp_path)


def _selling(devnet: DevnetProcess, database_url: str, folder: Path) -> Selling:
    @asynccontextmanager
    async def opened(**settings: Any) -> AsyncIterator[Seller]:
        async with open_seller(devnet, folder, database_url=database_url, **settings) as seller:
            yield seller
            assert await seller.invariants() == []

    return opened
