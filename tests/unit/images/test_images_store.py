"""Deliveries on disk."""

import hashlib
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paywall.products.files import DeliveryExistsError, DeliveryFolder
from paywall.redemptions.fulfilment import Delivery

ID = "0123456789abcdef0123456789abcdef"


def picture(data: bytes = b"a picture") -> Delivery:
    return Delivery(data, "image/png")


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_a_picture_comes_back_byte_for_byte_and_put_returns_its_sha256(tmp_path: Path) -> None:
    data = bytes(range(256)) * 100
    store = DeliveryFolder(tmp_path / "images")
    assert store.put(ID, picture(data)) == hashlib.sha256(data).hexdigest()
    assert DeliveryFolder(tmp_path / "images").get(ID) == data


def test_a_picture_that_was_never_stored_is_none(tmp_path: Path) -> None:
    assert DeliveryFolder(tmp_path / "images").get(ID) is None
    assert files_in(tmp_path) == []


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


@pytest.mark.parametrize(
    "image_id",
    [
        "", "../../../../etc/passwd", "/etc/passwd", "..", ".", f"../{ID}", f"{ID}/..", f"{ID}\n",
        f"{ID}\x00", f" {ID}", ID.upper(), ID[:-1], f"{ID}0", f"{ID[:30]}..", f"{ID[:30]}/0", "-" * 32,
        "\N{FULLWIDTH DIGIT ZERO}" * 32, "\N{ARABIC-INDIC DIGIT ZERO}" * 32,
        "01234567-89ab-cdef-0123-456789abcdef", "%2e%2e%2f" * 3 + "01234", "\ud800" * 32,
    ],
    ids=repr,
)  # fmt: skip
def test_a_text_that_is_no_id_reaches_no_file(tmp_path: Path, image_id: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = DeliveryFolder(tmp_path / "images")
    assert store.get(image_id) is None
    with pytest.raises(ValueError, match="32 lower-case hexadecimal digits"):
        store.put(image_id, picture())
    assert files_in(tmp_path) == [tmp_path / "secret"]


def test_storing_the_same_picture_again_changes_nothing(tmp_path: Path) -> None:
    store = DeliveryFolder(tmp_path)
    digest = store.put(ID, picture())
    before = files_in(tmp_path)[0].stat()
    assert store.put(ID, picture()) == digest
    assert files_in(tmp_path)[0].stat() == before


def test_another_picture_under_the_same_id_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    store = DeliveryFolder(tmp_path)
    store.put(ID, picture(b"first"))
    with pytest.raises(DeliveryExistsError):
        store.put(ID, picture(b"second"))
    assert store.get(ID) == b"first"
    assert len(files_in(tmp_path)) == 1


def test_of_eight_that_store_at_once_one_wins_and_the_others_are_told(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def put(number: int) -> bytes | None:
        data = bytes([number]) * 100_000
        start.wait()
        try:
            DeliveryFolder(tmp_path).put(ID, picture(data))
        except DeliveryExistsError:
            return None
        return data

    with ThreadPoolExecutor(8) as threads:
        winners = [data for data in threads.map(put, range(8)) if data]
    assert winners == [DeliveryFolder(tmp_path).get(ID)]
    assert len(files_in(tmp_path)) == 1


def test_a_reader_sees_the_whole_picture_or_none(tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    store = DeliveryFolder(tmp_path)
    done = threading.Event()

    def read() -> set[int | None]:
        seen: set[int | None] = set()
        while not done.is_set():
            found = store.get(ID)
            seen.add(None if found is None else len(found))
        return seen

    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(read)
        store.put(ID, picture(data))
        done.set()
        assert reader.result() <= {None, len(data)}


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
