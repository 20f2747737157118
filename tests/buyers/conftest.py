"""One devnet for the tests of a module that may move its clock, and shops: the fake one, the real one, either."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from buyer.purchase import paying
from buyer.redemptions import redeem
from buyer.seller import http as http_module
from buyer.seller import patience
from buyer.wallet.file import Wallet
from tests.support.hostile.lies import Lies
from tests.support.hostile.seller import FakeSeller
from tests.support.hostile.shop import Shop
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.shell import Shell
from tests.support.world.real_shop import AnyShop, RealSeller, RealShop, real_seller

OpenShop = Callable[..., AnyShop]


def deaths(requests: int) -> list[tuple[str, str, int]]:
    """(kind of shop, side, number): a buyer that dies before or after the request of that number.

    At the real seller only after: dying before a request is dying after the one before, as far as it can tell.
    """
    numbers = range(1, requests + 1)
    return [
        *(("fake", side, number) for side in ("before", "after") for number in numbers),
        *(("real", "after", number) for number in numbers),
    ]


@pytest.fixture(scope="module")
def devnet(own_devnet: DevnetProcess) -> DevnetProcess:
    return own_devnet


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before asking again."""
    monkeypatch.setattr(http_module, "FIRST_DELAY", 0.0)
    monkeypatch.setattr(patience, "GONE_TIMES", 0)
    monkeypatch.setattr(paying, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(redeem, "POLL_SECONDS", 0.02)


@pytest.fixture
def shop(devnet: DevnetProcess, tmp_path: Path, hurry: None) -> Shop:
    """A fake seller, for what only a liar says and for clocks that leap."""
    return Shop.open(devnet, tmp_path)


@pytest.fixture(scope="session")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSeller]:
    """A real one, for all tests that only buy and use."""
    with real_seller(tmp_path_factory.mktemp("seller")) as running:
        yield running


@pytest.fixture(params=["fake", "real"])
def open_shop(request: pytest.FixtureRequest, tmp_path: Path, hurry: None) -> OpenShop:
    """Opens a shop of either kind, with a wallet of those outputs."""

    def opened(lovelace: tuple[int, ...] = (100_000_000,)) -> AnyShop:
        if request.param == "real":
            return RealShop.open(request.getfixturevalue("seller"), tmp_path, lovelace=lovelace)
        return Shop.open(request.getfixturevalue("devnet"), tmp_path, lovelace=lovelace)

    return opened


@pytest.fixture
def any_shop(open_shop: OpenShop) -> AnyShop:
    return open_shop()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeSeller, str]]:
    with DevnetProcess(block_seconds=0.3) as devnet:
        seller = FakeSeller(devnet)
        asyncio.run(seller.mint())
        with seller.served() as url:
            yield seller, url


@pytest.fixture
def shell(served: tuple[FakeSeller, str], tmp_path: Path) -> Shell:
    seller, url = served
    seller.lies = Lies()
    seller.uses.clear()
    seller.sales.clear()
    return Shell(seller, url, tmp_path)


@pytest.fixture
def filled(shell: Shell) -> Shell:
    with closing(Wallet.create(shell.wallet)) as wallet:
        shell.seller.devnet.faucet(wallet.address, 200_000_000)
    shell.seller.devnet.blocks()
    return shell
