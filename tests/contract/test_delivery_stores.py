"""The contract of what keeps deliveries for good: stored once and whole, never changed, found by reference alone.

Every class in paywall/products, and in somebody else's package, that stores deliveries is found, and fails until WAYS
says how it is opened. What holds of files alone is in tests/unit/images/test_images_store.py.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import paywall.products
from paywall.products.files import DeliveryExistsError, DeliveryFiles
from paywall.redemptions.fulfilment import Delivery, DeliveryStore
from tests.support.world.implementations import implementations, way_of
from tests.support.world.loop import in_loop

REFERENCE, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
ROOT = Path(__file__).parents[2]
LARGE = 200_000


@dataclass(frozen=True)
class Way:
    """How the suite opens a store over a folder, here and, as source, in a process that is killed."""

    open: Callable[[Path], DeliveryStore]
    source: str
    #: what says that another delivery is there already
    exists: type[Exception]


WAYS: dict[str, Way] = {
    "DeliveryFiles": Way(
        DeliveryFiles, "from paywall.products.files import DeliveryFiles as open_store", DeliveryExistsError
    )
}
EVERY = pytest.mark.parametrize("name", implementations(DeliveryStore, paywall.products))

#: puts a large delivery, and is killed at one step of it, or in the middle of a write
KILLED = """
import asyncio, os, resource, signal, sys
from pathlib import Path
from paywall.redemptions.fulfilment import Delivery
{source}
folder, reference, kind, figure = sys.argv[1:]
figure, steps = int(figure), 0

def audit(event, arguments):
    global steps
    if event == "os.kill" or not any(folder in said for said in arguments if isinstance(said, str)):
        return
    steps += 1
    if kind == "step" and steps == figure:
        os.kill(os.getpid(), signal.SIGKILL)

store, delivery = open_store(Path(folder)), Delivery(b"x" * {large}, "text/plain")
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
if kind == "bytes":
    resource.setrlimit(resource.RLIMIT_FSIZE, (figure, figure))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.addaudithook(audit)
asyncio.run(store.put(reference, delivery))
"""


def way(name: str) -> Way:
    return way_of(WAYS, name, "test_delivery_stores")


def delivery(body: bytes = b"a delivery") -> Delivery:
    return Delivery(body, "application/octet-stream")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@EVERY
@pytest.mark.parametrize("body", [b"", b"\x00", bytes(range(256)) * 4096], ids=["none", "NUL", "a megabyte"])
@in_loop
async def test_what_was_put_comes_back_byte_for_byte_and_its_sha256_is_told(
    name: str, body: bytes, tmp_path: Path
) -> None:
    told = await way(name).open(tmp_path / "kept").put(REFERENCE, delivery(body))
    assert told == hashlib.sha256(body).hexdigest()
    assert await way(name).open(tmp_path / "kept").get(REFERENCE) == body


@EVERY
@in_loop
async def test_what_was_never_put_is_none(name: str, tmp_path: Path) -> None:
    store = way(name).open(tmp_path / "kept")
    assert await store.get(REFERENCE) is None
    assert files_in(tmp_path) == []
    await store.put(REFERENCE, delivery())
    assert await store.get(OTHER) is None


@EVERY
@in_loop
async def test_the_same_may_be_put_again(name: str, tmp_path: Path) -> None:
    """After a crash, or by a second worker: nothing changes."""
    store = way(name).open(tmp_path)
    first = await store.put(REFERENCE, delivery())
    before = [(path, path.stat()) for path in files_in(tmp_path)]
    assert await store.put(REFERENCE, delivery()) == first
    assert await way(name).open(tmp_path).put(REFERENCE, delivery()) == first
    assert await store.get(REFERENCE) == delivery().body
    assert [(path, path.stat()) for path in files_in(tmp_path)] == before


@EVERY
@in_loop
async def test_another_delivery_under_the_same_reference_is_refused_and_the_first_stays(
    name: str, tmp_path: Path
) -> None:
    store = way(name).open(tmp_path)
    await store.put(REFERENCE, delivery(b"first"))
    for body in (b"second", b"", b"first and more"):
        with pytest.raises(way(name).exists):
            await store.put(REFERENCE, delivery(body))
        assert await store.get(REFERENCE) == b"first"
    assert len(files_in(tmp_path)) == 1


@EVERY
@in_loop
async def test_of_eight_that_put_at_once_one_wins_and_the_others_are_told(name: str, tmp_path: Path) -> None:
    bodies = [bytes([number]) * 100_000 for number in range(8)]
    stores = [way(name).open(tmp_path) for _ in bodies]
    puts = [store.put(REFERENCE, delivery(body)) for store, body in zip(stores, bodies, strict=True)]
    told = await asyncio.gather(*puts, return_exceptions=True)
    (winner,) = [number for number, said in enumerate(told) if isinstance(said, str)]
    assert [type(said) for said in told if not isinstance(said, str)] == [way(name).exists] * 7
    assert await stores[0].get(REFERENCE) == bodies[winner]


@EVERY
@in_loop
async def test_a_reader_sees_the_whole_delivery_or_none(name: str, tmp_path: Path) -> None:
    body = os.urandom(3_000_000)
    store = way(name).open(tmp_path)
    putting = asyncio.create_task(store.put(REFERENCE, delivery(body)))
    seen = set()
    while not putting.done():
        found = await store.get(REFERENCE)
        seen.add(None if found is None else len(found))
    await putting
    assert seen <= {None, len(body)}


@EVERY
@pytest.mark.parametrize(
    "reference",
    [
        "", "..", ".", "/etc/passwd", "../secret", "../../secret", "../../../../etc/passwd", "..\\secret",
        f"../{REFERENCE}", f"{REFERENCE}/..", f"{REFERENCE}/../../secret", f"{REFERENCE}\n", f"{REFERENCE}\x00",
        f" {REFERENCE}", f"{REFERENCE}0", REFERENCE.upper(), REFERENCE[:-1], f"{REFERENCE[:30]}..",
        f"{REFERENCE[:30]}/0", "-" * 32, "01234567-89ab-cdef-0123-456789abcdef", "%2e%2e%2fsecret",
        "%2e%2e%2f" * 3 + "01234", "\ud800" * 32, "x" * 100_000,
        "\N{FULLWIDTH DIGIT ZERO}" * 32, "\N{ARABIC-INDIC DIGIT ZERO}" * 32,
    ],
    ids=range(27),
)  # fmt: skip
@in_loop
async def test_a_reference_never_leads_out_of_the_store(name: str, reference: str, tmp_path: Path) -> None:
    """A client names the reference in a URL: what is no reference of ours names nothing, and makes nothing."""
    (tmp_path / "secret").write_bytes(b"secret")
    store = way(name).open(tmp_path / "kept")
    await store.put(OTHER, delivery())
    before = files_in(tmp_path)
    assert await store.get(reference) is None
    with pytest.raises(ValueError, match="reference"):
        await store.put(reference, delivery())
    assert files_in(tmp_path) == before
    assert (tmp_path / "secret").read_bytes() == b"secret"


@EVERY
@in_loop
async def test_a_delivery_that_a_kill_broke_off_is_none_and_can_be_put_again(
    name: str, tmp_path: Path
) -> None:
    """`kill -9` at every step that touches the store, and in the middle of a write."""
    whole = b"x" * LARGE
    broken = [tmp_path / f"bytes {figure}" for figure in (1, LARGE - 1)]
    assert all(kill(name, folder, "bytes", int(folder.name.split()[1])) for folder in broken)
    while kill(name, tmp_path / f"step {len(broken)}", "step", len(broken) - 1):
        broken.append(tmp_path / f"step {len(broken)}")
    assert len(broken) > 3, "no step of this store was seen"
    for folder in broken:
        store = way(name).open(folder)
        assert await store.get(REFERENCE) in {None, whole}
        assert await store.put(REFERENCE, delivery(whole)) == hashlib.sha256(whole).hexdigest()
        assert await store.get(REFERENCE) == whole


def kill(name: str, folder: Path, kind: str, figure: int) -> bool:
    """Put in a process of its own; whether it was killed before it was done."""
    code = KILLED.format(source=way(name).source, large=LARGE)
    arguments = [str(folder), REFERENCE, kind, str(figure)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, check=False)
    assert done.returncode <= 0, "the process failed by itself"
    return done.returncode < 0
