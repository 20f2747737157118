"""A second seller on one machine is told what it has in common with the first, before it starts anything."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paywall import Paywall, Settings, SetupError
from paywall.database.opening import open_database
from tests.support.processes.seller import clean_environment, free_port
from tests.support.world.loop import in_loop

SECONDS = 60
PORTS = ("PAYWALL_PORT", "PAYWALL_OPERATOR_PORT", "PAYWALL_DEVNET_PORT")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def in_use(tmp_path: Path) -> Iterator[Path]:
    """The folder of a seller that runs."""
    opened = open_database(f"sqlite:///{tmp_path / 'paywall.db'}")
    yield tmp_path
    opened.close()


def said(folder: Path, **settings: int) -> str:
    """The one line of `paywall serve`, which ends."""
    ports = {name: str(settings.get(name, free_port())) for name in PORTS}
    done = subprocess.run(
        [sys.executable, "-m", "paywall", "serve"],
        env=clean_environment(PAYWALL_DATA_DIR=str(folder), **ports),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert not (folder / "devnet").exists()
    return line


@pytest.mark.parametrize("variable", ["PAYWALL_PORT", "PAYWALL_OPERATOR_PORT"])
def test_a_port_of_ours_that_is_taken_is_named_with_its_variable(
    tmp_path: Path, taken: int, variable: str
) -> None:
    line = said(tmp_path, **{variable: taken})
    assert f"Cannot listen on 127.0.0.1:{taken} (Address already in use); {variable} names another." in line


def test_a_devnets_port_that_is_taken_is_told_with_the_way_to_join_that_devnet(
    tmp_path: Path, taken: int
) -> None:
    line = said(tmp_path, PAYWALL_DEVNET_PORT=taken)
    assert f"The devnet cannot listen on port {taken} (Address already in use)." in line
    assert f"PAYWALL_BLOCKFROST_URL=http://127.0.0.1:{taken}/api/v0" in line


def test_a_second_seller_in_one_folder_is_told_of_the_database_whatever_else_is_taken(
    in_use: Path, taken: int
) -> None:
    line = said(in_use, **dict.fromkeys(PORTS, taken))
    assert "Another process writes to" in line
    assert "set DATABASE_URL to a PostgreSQL database" in line


@in_loop
async def test_it_is_told_so_in_a_program_too(in_use: Path, taken: int) -> None:
    with pytest.raises(SetupError, match="Another process writes to"):
        async with Paywall(Settings(data_dir=str(in_use), devnet_port=taken)).running():
            raise AssertionError("there are two")
