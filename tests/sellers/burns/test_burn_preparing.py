"""What the first burn needs is there before it: its import would hold up every request for most of a second."""

import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import asyncio, sys
from importlib.abc import MetaPathFinder
from paywall.compose import compose, open_ring
from paywall.settings import Settings

settings = Settings(data_dir=sys.argv[1], policy=sys.argv[2], blockfrost_url="http://127.0.0.1:9")
seller = compose(settings, open_ring(settings))
before = "pycardano" in sys.modules

class Full(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "shared.cardano.make.build":
            raise OSError("too many open files")

if sys.argv[3] == "full":
    sys.meta_path.insert(0, Full())

async def main():
    stop = asyncio.Event()
    stop.set()
    await seller.worker.run(stop)
    seller.database.close()

asyncio.run(main())
print(before, "pycardano" in sys.modules)
"""


def loaded(folder: Path, policy: str, machine: str = "") -> str:
    """Whether pycardano is loaded before and after the worker began, with nothing to burn. It ends without an error."""
    command = [sys.executable, "-c", _SCRIPT, str(folder), policy, machine]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_worker_loads_what_burns_are_made_with_before_one_is_due(tmp_path: Path) -> None:
    assert loaded(tmp_path, "native") == "False True"


def test_a_seller_without_burns_never_loads_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, "none") == "False False"


def test_what_cannot_be_loaded_yet_ends_no_worker(tmp_path: Path) -> None:
    assert loaded(tmp_path, "native", "full") == "False False"
