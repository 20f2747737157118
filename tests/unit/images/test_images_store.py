"""Deliveries on disk: what every store of them must do is in tests/contract/test_delivery_stores.py."""

import os
import stat
import subprocess
import sys
from pathlib import Path

from paywall.products.files import DeliveryFolder
from paywall.redemptions.fulfilment import Delivery

ID = "0123456789abcdef0123456789abcdef"


def picture(data: bytes = b"a picture") -> Delivery:
    return Delivery(data, "image/png")


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_pictures_lie_two_folders_deep_and_nothing_lies_beside_them(tmp_path: Path) -> None:
    DeliveryFolder(tmp_path).put(ID, picture())
    assert files_in(tmp_path) == [tmp_path / "01" / "23" / ID]


def test_only_the_owner_may_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        DeliveryFolder(tmp_path / "images").put(ID, picture())
    finally:
        os.umask(before)
    (file,) = files_in(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(stat.S_IMODE(folder.stat().st_mode) == 0o700 for folder in list(file.parents)[:3])


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path) -> None:
    code = f"""
import resource, sys
from pathlib import Path
from paywall.redemptions.fulfilment import Delivery
from paywall.products.files import DeliveryFolder
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    DeliveryFolder(Path(sys.argv[1])).put("{ID}", Delivery(b"x" * 200_000, "image/png"))
except OSError:
    sys.exit(7)
"""
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code, tmp_path], cwd=root, check=False).returncode == 7
    assert files_in(tmp_path) == []
    assert DeliveryFolder(tmp_path).get(ID) is None
