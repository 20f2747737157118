"""The README's commands and code, run as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.modules import ROOT
from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess, clean_environment

README = (ROOT / "README.md").read_text("utf-8")


def test_the_ten_lines_of_python_buy_and_generate(
    seller: SellerProcess, devnet: DevnetProcess, folder: Path
) -> None:
    buyer = Buyer(seller, folder, devnet)
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block is not None
    code = block[1].replace("http://localhost:8402", seller.url)
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=60)
    assert buyer.ok("credits")["remaining"] == 2


@pytest.mark.timeout(240)
def test_the_demo_tells_the_story_and_holds(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "paywall", "demo"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for word in (
        "POST /api/images/buy → 402",
        "3.00 USD",
        "urn:uuid:",
        ".png",
        "a redemption",
        "999,998 after",
        "one use paid in its own call",
        "a report for Bergen by mpp: rain",
    ):
        assert word in done.stdout
    left = [path for path in (tmp_path / ".paywall-demo").iterdir() if path.stat().st_mode & 0o077]
    assert left == []
