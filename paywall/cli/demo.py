"""`paywall demo`: the whole way on embedded defaults, printed as it happens; every step is checked.

The seller is `paywall serve` and the buyer is the command `buyer`, each in a process of its own: what the
demo shows is what a user gets.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from paywall.cli.demo_processes import (
    BUYER_SECONDS,
    POLL_SECONDS,
    DemoFailed,
    Stage,
    another_app,
    demo_seller,
)
from paywall.private_files import private_folder

FOLDER = Path(".paywall-demo")
CREDITS, USES, PRICE = 3, 2, "3.00"
BURN_SECONDS = 60


def run(*, keep: bool) -> int:
    """The exit status: 0 only if every step was seen to hold."""
    started = time.monotonic()
    folder = FOLDER.absolute()
    if not keep and folder.exists():
        _clear(folder)
    private_folder(folder)
    try:
        with demo_seller(folder) as stage:
            _tell("seller", f"listens on {stage.url}; devnet, SQLite and offline image maker are embedded")
            _show_everything(stage)
            _show_other_clients(stage)
    except DemoFailed as failure:
        print(f"\nThe demo does not hold: {failure}\nThe logs: {folder}/*.log", file=sys.stderr)
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


def _show_other_clients(stage: Stage) -> None:
    """The second act: one 402 that every agent can pay, and a route of another program behind it."""
    print()
    for dialect in ("x402", "mpp"):
        picture = stage.folder / "images" / f"paid-by-{dialect}.png"
        _pay(stage, f"{stage.url}/api/images/generate", '{"name": "Abraham Lincoln"}', dialect, picture)
        _expect(picture.read_bytes().startswith(b"\x89PNG"), f"{picture} is a PNG")
        _tell(dialect, f"one use paid in its own call: {picture}")
    with another_app(stage) as url:
        _tell("app", f"another program's route: POST {url}/report for 1.00 USD, its own paywall beside it")
        for dialect in ("x402", "mpp"):
            answer = stage.folder / "images" / f"report-{dialect}.json"
            _pay(stage, f"{url}/report", json.dumps({"town": f"Bergen by {dialect}"}), dialect, answer)
            report = json.loads(answer.read_text())
            _expect(report["weather"] == "rain", "the report came")
            _tell(dialect, f"a report for {report['town']}: {report['weather']}")


def _pay(stage: Stage, url: str, body: str, dialect: str, out: Path) -> None:
    paid = _buyer(stage, "pay", url, "-d", body, "--by", dialect, "--max-price", PRICE, "--out", str(out))
    _expect(paid["status"] == httpx.codes.OK, f"what was paid for in {dialect} was delivered")


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


def _expect(holds: bool, step: str) -> None:
    if not holds:
        raise DemoFailed(f"this does not hold: {step}")


def _tell(who: str, what: str) -> None:
    print(f"{who:<10} {what}", flush=True)
