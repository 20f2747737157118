"""A served `paywall` that strangers lean on, and the buyer who comes meanwhile."""

import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx

from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

MEGABYTE = 1 << 20
HALF = b"POST /api/images/buy HTTP/1.1\r\nhost: seller\r\ncontent-length: 9\r\n\r\nhalf"
#: what a process may take for good: its own growth while it works, not what a stranger sends
GROWTH = 40 * MEGABYTE


def memory(pid: int) -> int:
    """The most that a process ever had in memory, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def strangers(seller: SellerProcess, count: int, raw: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections on which `raw` was sent, and nothing since."""
    with ExitStack() as stack:
        lines = []
        for _ in range(count):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", seller.port), timeout=20))
            line.sendall(raw)
            lines.append(line)
        yield lines


def test_a_buyer_buys_while_more_connections_are_open_than_there_are_descriptors(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    with SellerProcess(devnet, tmp_path / "seller", descriptors=1024) as seller:
        buyer = Buyer(seller, tmp_path, devnet)
        with (
            strangers(seller, 1100),
            strangers(seller, 300, b"GET / HTTP/1.1\r\nx"),
            strangers(seller, 300, HALF),
        ):
            bought = buyer.ok(
                "images", "--credits", "2", "--generate", "1", "--out", "images", "--wait-burns"
            )
            assert [burn["proof_valid"] for burn in bought["burns"]] == [True]
        assert seller.command("reconcile").returncode == 0
        assert "Traceback" not in seller.log


def test_descriptors_that_are_gone_are_taken_from_the_silent(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller") as seller:
        resource.prlimit(seller.pid, resource.RLIMIT_NOFILE, (300, 300))
        with strangers(seller, 600):
            bought = httpx.post(f"{seller.url}/api/images/buy", json={"credits": 1}, timeout=60)
            assert bought.status_code == 402
        assert "Traceback" not in seller.log


def test_header_lines_without_an_end_take_no_memory(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller") as seller:
        before = memory(seller.pid)
        for _ in range(4):
            with strangers(seller, 1, b"GET / HTTP/1.1\r\n") as (line,):
                _flood(line, b"x-junk: y\r\n" * 10_000, 60 * MEGABYTE)
        assert memory(seller.pid) - before < GROWTH
        assert httpx.get(f"{seller.url}/healthz").text == "ok"


def _flood(line: socket.socket, piece: bytes, most: int) -> None:
    """Until it is no longer taken."""
    with suppress(OSError):
        for _ in range(most // len(piece)):
            line.sendall(piece)


def test_half_requests_do_not_hold_up_a_stop(devnet: DevnetProcess, tmp_path: Path) -> None:
    seller = SellerProcess(devnet, tmp_path / "seller")
    with seller, strangers(seller, 60, HALF) as lines, strangers(seller, 60, b"GET / HTTP/1.1\r\nx"):
        for line in lines:
            line.settimeout(20)  # of the thirty seconds that a request under way has
        os.kill(seller.pid, signal.SIGTERM)
        assert [b" 503 " in line.recv(65_536) for line in lines] == [True] * 60
        assert seller.stop(signal.SIGTERM) == 0
        assert "Traceback" not in seller.log
        assert " error " not in seller.log


def test_a_client_that_never_reads_its_answers_does_not_hold_up_a_stop(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    # So few fit into one read of the server that it stops reading before it has to refuse.
    request = b"GET /openapi.json HTTP/1.1\r\nx-junk: " + b"y" * 40_000 + b"\r\n\r\n"
    seller = SellerProcess(devnet, tmp_path / "seller", PAYWALL_IDLE_SECONDS="3600")
    with seller, strangers(seller, 1) as (line,):
        line.settimeout(1)
        _flood(line, request, 400 * MEGABYTE)
        assert seller.stop() == 0
        assert " error " not in seller.log  # as it says when a stop is cut short, thirty seconds later


def test_the_operators_figures_are_on_the_operators_port_alone(devnet: DevnetProcess, tmp_path: Path) -> None:
    with SellerProcess(devnet, tmp_path / "seller") as seller:
        operator = f"http://127.0.0.1:{seller.operator_port}"
        assert httpx.get(f"{seller.url}/metrics").status_code == 404
        assert httpx.get(f"{seller.url}/readyz").json() == {"ready": True}
        assert set(httpx.get(f"{operator}/readyz").json()) == {"database", "chain", "custody", "supply"}
        assert 'paywall_requests_total{method="GET",route="/readyz"' in httpx.get(f"{operator}/metrics").text
        assert httpx.get(f"{operator}/api/catalog").status_code == 404
        second = SellerProcess(devnet, tmp_path / "second")
        second.environment["PAYWALL_OPERATOR_PORT"] = str(seller.operator_port)
        done = second.command("serve")
        assert done.returncode == 2
        assert f"Cannot listen on 127.0.0.1:{seller.operator_port}" in done.stderr
        assert "PAYWALL_OPERATOR_PORT" in done.stderr
