"""What the first burn needs is there before it: its import would hold up every request for most of a second."""

import subprocess
import sys
from pathlib import Path

_SCRIPT = """
import asyncio, sys
from pathlib import Path
from paywall.compose import compose, open_ring
from paywall.settings import Settings

settings = Settings(data_dir=sys.argv[1], policy=sys.argv[2], blockfrost_url="http://127.0.0.1:9")
seller = compose(settings, open_ring(settings))
before = "pycardano" in sys.modules

async def main():
    stop = asyncio.Event()
    stop.set()
    await seller.worker.run(stop)
    seller.database.close()

asyncio.run(main())
print(before, "pycardano" in sys.modules)
"""


def loaded(folder: Path, policy: str) -> str:
    """Whether pycardano is loaded before and after the worker has begun, with nothing to burn."""
    command = [sys.executable, "-c", _SCRIPT, str(folder), policy]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_worker_loads_what_burns_are_made_with_before_one_is_due(tmp_path: Path) -> None:
    assert loaded(tmp_path, "native") == "False True"


def test_a_seller_without_burns_never_loads_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, "none") == "False False"
