"""The devnet as a process: how it starts, where it listens, and how it ends."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from paywall.devnet.ledger import node
from paywall.devnet.ledger.node import LedgerUnavailable, find_node, install_ledger
from tests.support.processes.devnet import CACHE, DevnetProcess
from tests.support.world.wallets.devnet_wallet import Wallet

LISTENING = "devnet listening on "


def command(data_dir: Path, *more: str) -> Sequence[str]:
    arguments = ["--port", "0", "--data-dir", str(data_dir), "--cache", str(CACHE), *more]
    return [sys.executable, "-m", "paywall.devnet", *arguments]


def ledger_of(pid: int) -> int:
    """The Node child of a devnet."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_an_address_that_others_can_reach_is_refused_with_the_reason(tmp_path: Path, host: str) -> None:
    done = subprocess.run(command(tmp_path, "--host", host), capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert (
        done.stderr
        == f"Error: the devnet listens on loopback only, not on {host}: its faucet gives money to anybody\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_refused_in_one_line(tmp_path: Path) -> None:
    with DevnetProcess() as devnet:
        port = str(httpx.URL(devnet.url).port)
        done = subprocess.run(command(tmp_path, "--port", port), capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_devnet_on_the_same_chain_is_refused(tmp_path: Path) -> None:
    with DevnetProcess(tmp_path):
        done = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "another devnet may be running on it" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(LISTENING)

        process.send_signal(number)

        assert process.wait(timeout=20) == 0


def test_it_ends_when_its_parent_is_killed_and_takes_the_ledger_along(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    arguments = [sys.executable, "-c", program, *command(tmp_path, "--exit-with-parent")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        lines = sorted([parent.stdout.readline(), parent.stdout.readline()])
        pid = int(lines[0])
        ledger = ledger_of(pid)

        parent.kill()

        assert parent.stdout.read() == ""  # the devnet held the pipe, too: it has ended
    while alive(ledger):
        pass


def test_the_ledger_ends_when_the_devnet_is_killed(tmp_path: Path) -> None:
    with DevnetProcess(tmp_path) as devnet:
        ledger = ledger_of(devnet.pid)

        devnet.kill()

        while alive(ledger):
            pass


def test_a_ledger_that_crashed_is_said_and_a_restart_mends_it(tmp_path: Path) -> None:
    wallet = Wallet(1)
    with DevnetProcess(tmp_path) as devnet:
        coin = wallet.fund(devnet)
        raw = wallet.sign(wallet.body(coin))
        os.kill(ledger_of(devnet.pid), signal.SIGKILL)

        answer = devnet.submit(raw)

        assert (answer.status_code, answer.json()["error"]) == (503, "Service Unavailable")
        assert answer.json()["message"] == "the ledger process ended with status -9; restart the devnet"
        assert wallet.coins(devnet) == [coin]
        devnet.restart()
        assert devnet.submit(raw).status_code == 200


def test_a_path_with_spaces_serves_as_well_as_any(tmp_path: Path) -> None:
    with DevnetProcess(tmp_path / "my own data") as devnet:
        assert devnet.faucet(Wallet(1).address, 2_000_000)


def test_the_ledger_rules_are_installed_once_by_processes_that_start_together(tmp_path: Path) -> None:
    cache = tmp_path / "a cache"
    installed: list[Path] = []
    threads = [
        threading.Thread(target=lambda: installed.append(install_ledger(find_node(), cache)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert installed[0] == installed[1]
    assert list(cache.iterdir()) == [installed[0]]
    assert (installed[0] / "node_modules" / "scalus" / "scalus.js").stat().st_size > 1_000_000


def test_a_package_that_is_not_the_locked_one_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered = tmp_path / "package"
    tampered.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(node.HERE / name, tampered / name)
    lock = tampered / "package-lock.json"
    lock.write_text(lock.read_text().replace("sha512-7", "sha512-8"))
    monkeypatch.setattr(node, "HERE", tampered)

    with pytest.raises(LedgerUnavailable, match="npm could not install the ledger rules"):
        install_ledger(find_node(), tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_missing_node_names_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(LedgerUnavailable, match=r"paywall\[devnet\]"):
        find_node()


def test_the_lock_pins_a_hash_and_no_download_address() -> None:
    lock = (node.HERE / "package-lock.json").read_text()

    assert '"integrity": "sha512-' in lock
    assert "resolved" not in lock
