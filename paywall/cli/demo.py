"""`paywall demo`: the whole way on embedded defaults, printed as it happens; every step is checked.

The seller is `paywall serve` and the buyer is the command `buyer`, each in a process of its own: what the
demo shows is what a user gets.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from paywall.private_files import private_file, private_folder

FOLDER = Path(".paywall-demo")
CREDITS, USES, PRICE = 3, 2, "3.00"
START_SECONDS, BUYER_SECONDS, BURN_SECONDS = 150, 90, 60
POLL_SECONDS = 0.2


class DemoFailed(Exception):
    """A step did not hold."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo's seller listens, and its folder."""

    folder: Path
    url: str
    environment: dict[str, str]


def run(*, keep: bool) -> int:
    """The exit status: 0 only if every step was seen to hold."""
    started = time.monotonic()
    folder = FOLDER.absolute()
    if not keep and folder.exists():
        _clear(folder)
    private_folder(folder)
    try:
        with _seller(folder) as stage:
            _tell("seller", f"listens on {stage.url}; devnet, SQLite and offline image maker are embedded")
            _show_everything(stage)
    except DemoFailed as failure:
        print(
            f"\nThe demo does not hold: {failure}\nThe seller's log: {folder / 'seller.log'}", file=sys.stderr
        )
        return 1
    print(f"\nEvery step holds. {time.monotonic() - started:.1f} s.")
    return 0


def _clear(folder: Path) -> None:
    """Empty the folder of an earlier demo; the installed ledger rules stay."""
    for entry in folder.iterdir():
        if entry.name == "ledger":
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _show_everything(stage: Stage) -> None:
    private_folder(
        stage.folder / "images"
    )  # a buyer's `--out` is the user's own folder, this one is the demo's
    before = _custody(stage)
    _tell("custody", f"{before['held']:,} CREATE tokens of {before['minted']:,} minted")
    wallet = _buyer(stage, "wallet", "create")
    _tell("buyer", f"wallet {wallet['address']}")
    funded = _buyer(stage, "wallet", "fund")
    _tell("buyer", f"{funded['balance']} from the devnet's faucet")
    print()
    bought = _buyer(
        stage,
        *("images", "--credits", str(CREDITS), "--generate", str(USES), "--max-price", PRICE),
        *("--out", str(stage.folder / "images"), "--wait-burns", "--verbose"),
    )
    _check_purchase(bought)
    print()
    _tell("price", bought["price"])
    _tell("receipt", bought["receipt_id"])
    _tell("credits", f"{bought['credits']['granted']} bought, {bought['credits']['remaining']} left")
    for image in bought["images"]:
        _tell("image", image["path"])
    _tell_burns(stage, bought["burns"])
    after = _custody(stage)
    _expect(before["held"] - after["held"] == USES, "the custodial wallet lost one token for each use")
    _tell("custody", f"{before['held']:,} CREATE tokens before, {after['held']:,} after")
    reconciled = _command(stage, "paywall", "reconcile")
    _expect(
        reconciled.returncode == 0, f"`paywall reconcile` finds every invariant whole:\n{reconciled.stdout}"
    )
    _tell("reconcile", "every invariant holds")


def _check_purchase(bought: dict[str, Any]) -> None:
    _expect(bought["price"] == f"{PRICE} USD", f"{CREDITS} credits cost {PRICE} USD")
    _expect(bought["credits"] == {"granted": CREDITS, "remaining": CREDITS - USES}, "the credits are right")
    _expect(len(bought["images"]) == USES, f"{USES} images came")
    for image in bought["images"]:
        _expect(Path(image["path"]).read_bytes().startswith(b"\x89PNG"), f"{image['path']} is a PNG")
    _expect(len(bought["burns"]) == USES, f"{USES} burns are known")
    for burn in bought["burns"]:
        _expect(burn["proof_valid"] is True, f"the buyer's own check of {burn['redemption_id']} holds")


def _tell_burns(stage: Stage, burns: list[dict[str, Any]]) -> None:
    for tx_hash in {burn["tx_hash"]: None for burn in burns}:
        batch = _confirmed(stage, tx_hash)
        _tell("burn", f"{batch['sum']} tokens in transaction {tx_hash}")
        _tell("", f"{batch['confirmations']} confirmations, root {batch['root']}")
        _tell("fee", f"{batch['fee']:,} lovelace, {batch['fee_per_redemption']:,} a redemption")


def _confirmed(stage: Stage, tx_hash: str) -> dict[str, Any]:
    """The batch once the seller, too, holds it for final."""
    deadline = time.monotonic() + BURN_SECONDS
    while time.monotonic() < deadline:
        batch: dict[str, Any] = httpx.get(f"{stage.url}/api/burns/{tx_hash}").raise_for_status().json()
        if batch["state"] == "confirmed":
            return batch
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"the burn {tx_hash} is not confirmed after {BURN_SECONDS} s")


def _custody(stage: Stage) -> dict[str, int]:
    shown = _command(stage, "paywall", "token", "show")
    _expect(shown.returncode == 0, f"`paywall token show` answers: {shown.stderr}")
    lines = dict(line.split(None, 1) for line in shown.stdout.splitlines())
    return {name: int(lines[name]) for name in ("minted", "burned", "held")}


@contextmanager
def _seller(folder: Path) -> Iterator[Stage]:
    port, operator_port, devnet_port = _free_port(), _free_port(), _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PAYWALL_", "BUYER_"))},
        "PAYWALL_DATA_DIR": str(folder),
        "PAYWALL_PORT": str(port),
        "PAYWALL_OPERATOR_PORT": str(operator_port),
        "PAYWALL_DEVNET_PORT": str(devnet_port),
        "BUYER_WALLET": str(folder / "wallet.db"),
        "BUYER_SELLER": f"http://127.0.0.1:{port}",
    }
    for name in ("DATABASE_URL", "OPENAI_API_KEY", "BLOCKFROST_PROJECT_ID"):
        environment.pop(name, None)  # the demo shows the embedded parts, whatever this shell is set up for
    private_file(folder / "seller.log")
    with (folder / "seller.log").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "paywall", "serve"], env=environment, stdout=output, stderr=output
        )
        try:
            stage = Stage(folder, environment["BUYER_SELLER"], environment)
            _wait_until_ready(process, stage)
            yield stage
        finally:
            process.terminate()
            try:
                process.wait(BUYER_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], stage: Stage) -> None:
    """The first start installs the ledger rules, which takes a few seconds more."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoFailed(f"the seller ended with status {process.returncode}")
        try:
            if httpx.get(f"{stage.url}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(POLL_SECONDS)
    raise DemoFailed(f"the seller is not ready after {START_SECONDS} s")


def _buyer(stage: Stage, *arguments: str) -> dict[str, Any]:
    """Runs the buyer; its progress is shown as it comes, its JSON is the result."""
    done = _command(stage, "buyer", *arguments, "--json", show="--verbose" in arguments)
    _expect(
        done.returncode == 0,
        f"`buyer {arguments[0]}` ends with status 0, not {done.returncode}: {done.stderr or ''}",
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _command(
    stage: Stage, module: str, *arguments: str, show: bool = False
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=stage.environment,
        stdout=subprocess.PIPE,
        # One stream, so that its lines and ours keep their order.
        stderr=sys.stdout if show else subprocess.PIPE,
        text=True,
        timeout=BUYER_SECONDS,
        check=False,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _expect(holds: bool, step: str) -> None:
    if not holds:
        raise DemoFailed(f"this does not hold: {step}")


def _tell(who: str, what: str) -> None:
    print(f"{who:<10} {what}", flush=True)
