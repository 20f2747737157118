"""Several `paywall serve` and `paywall worker` on one PostgreSQL are one seller, to its clients and to its operator."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import START_SECONDS, SellerProcess, free_port
from tests.support.services.postgres import Postgres

LIMIT = 3
SIGTERM_CAUGHT = 1 << 14


@pytest.fixture(scope="module")
def two(
    devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[list[SellerProcess]]:
    """Two processes with the keys of one seller, behind a proxy at 127.0.0.1; the second has no operator's port."""
    folder = tmp_path_factory.mktemp("seller")
    settings: dict[str, Any] = {
        "DATABASE_URL": postgres.create(),
        "PAYWALL_TRUSTED_PROXIES": "127.0.0.1",
        "PAYWALL_ORDERS_PER_MINUTE": str(LIMIT),
    }
    one, other = SellerProcess(devnet, folder, **settings), SellerProcess(devnet, folder, **settings)
    other.environment["PAYWALL_OPERATOR_PORT"] = "0"
    with one, other:
        yield [one, other]


def order(seller: SellerProcess, client: str, *, proxy: str = "127.0.0.1") -> httpx.Response:
    """Asks for a 402 as whoever connects from `proxy` and says that he speaks for `client`."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=proxy)) as http:
        return http.post(f"{seller.url}/api/images/generate", headers={"X-Forwarded-For": client})


def test_a_limit_that_is_spent_at_one_process_is_spent_at_the_other(two: list[SellerProcess]) -> None:
    one, other = two
    assert [order(one, "198.51.100.7").status_code for _ in range(LIMIT)] == [402] * LIMIT
    refused = order(other, "198.51.100.7")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert order(other, "198.51.100.8").status_code == 402


def test_at_either_process_nobody_but_the_trusted_proxy_speaks_for_others(two: list[SellerProcess]) -> None:
    one, other = two
    asked = [
        order(seller, f"192.0.2.{number}", proxy="127.0.0.2").status_code
        for number, seller in enumerate([one, other, one, other, one])
    ]
    assert asked == [402] * LIMIT + [429] * 2
    # Whom he posed as has all of his own calls; and what a client puts before itself is nobody's.
    told = [order(seller, f"203.0.113.{n}, 192.0.2.0").status_code for n, seller in enumerate([other] * 4)]
    assert told == [402] * LIMIT + [429]


@contextmanager
def worker(seller: SellerProcess, log: Path, operator_port: str) -> Iterator[subprocess.Popen[bytes]]:
    """`paywall worker` beside a seller, when it is ready to be stopped; ended with the block, in an orderly way."""
    command = [sys.executable, "-m", "paywall", "worker"]
    environment = {**seller.environment, "PAYWALL_OPERATOR_PORT": operator_port}
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stderr=output) as process:
        deadline = time.monotonic() + START_SECONDS
        while not _catches(process.pid):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)  # it gives no event to await
        yield process
        process.terminate()
        assert process.wait(30) == 0, log.read_text()


def _catches(pid: int) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return bool(
        int(next(line for line in lines if line.startswith("SigCgt")).split()[1], 16) & SIGTERM_CAUGHT
    )


def test_a_worker_has_an_operators_port_where_one_is_named_and_needs_none(
    two: list[SellerProcess], tmp_path: Path
) -> None:
    seller, port = two[0], free_port()
    with (
        worker(seller, tmp_path / "silent.log", ""),
        worker(seller, tmp_path / "silent too.log", "0"),
        worker(seller, tmp_path / "told.log", str(port)),
        httpx.Client(transport=httpx.HTTPTransport(retries=5)) as http,
    ):
        parts = http.get(f"http://127.0.0.1:{port}/readyz")
        assert (parts.status_code, set(parts.json())) == (200, {"database", "chain", "custody", "supply"})
        figures = http.get(f"http://127.0.0.1:{port}/metrics").text
        assert "paywall_custodial_tokens 1e+06" in figures
        assert http.get(f"http://127.0.0.1:{port}/api/catalog").status_code == 404
    taken = seller.command("worker")
    assert taken.returncode == 2
    assert f"Cannot listen on 127.0.0.1:{seller.operator_port}" in taken.stderr
    assert "PAYWALL_OPERATOR_PORT" in taken.stderr


def test_a_seller_serves_without_an_operators_port(two: list[SellerProcess]) -> None:
    one, other = two
    assert httpx.get(f"http://127.0.0.1:{one.operator_port}/readyz").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{other.operator_port}/readyz")
    assert httpx.get(f"{other.url}/readyz").status_code == 200
