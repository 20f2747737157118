"""A rail, a dialect, a resource and a payer come from somebody else's package, and no line of ours knows of them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import outside


def test_a_package_from_outside_sells_and_buys_with_its_own_rail_dialect_resource_and_payer(
    tmp_path: Path,
) -> None:
    shutil.copytree(Path(outside.__file__).parent, tmp_path / "lib" / "vouchers")
    (tmp_path / "data").mkdir()
    ours = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "vouchers.story", str(tmp_path / "data")],
        env={"PYTHONPATH": f"{tmp_path / 'lib'}:{ours}", "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["buyer"] == {
        "report": "Rain in Bergen.",
        "media_type": "text/plain; charset=utf-8",
        "left": 6,
    }
    assert said["hand"] == {
        "statuses": [402, 200, 200, 422],
        "unpaid": [402, "0.30 USD"],
        "unpaid in our words": "0.30 USD",
        "report": "Rain in Oslo.",
        "left": 3,
        "refused": "fulfilment_refused",
        "delivered": "Rain in Oslo.",
        "asked for": {"town": "Oslo"},
        "burn": None,
        "ready": {"ready": True},
    }
