"""What the machine itself does to the seller: a disk that fills up, a clock that jumps."""

import asyncio
import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

#: room for a database and some pictures; PostgreSQL's takes 44 before the first row
DISK_MEGABYTES, POSTGRES_MEGABYTES = 24, 160
FULL_SECONDS, FREE_SECONDS = (0.3, 1.5), (0.5, 2.0)
JUMP_SECONDS = 600
FAKETIME = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
)


class Menace(Protocol):
    """`run` goes on until told to stop, and leaves the machine as it should be."""

    #: a process that does not start, or a buyer that is refused, has its reason now
    excuses: bool

    async def run(self, stop: asyncio.Event) -> None: ...


class Disk:
    """A small tmpfs with the seller's folder, or PostgreSQL's. `revive` is called once there is room again."""

    def __init__(
        self,
        folder: Path,
        chance: random.Random,
        counts: Counter[str],
        revive: Callable[[], None] = lambda: None,
    ) -> None:
        self._filler = folder / "filler"
        self._revive = revive
        self._chance = chance
        self._counts = counts
        self.excuses = False

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self._chance.uniform(*FREE_SECONDS))
            self.excuses = True
            _fill(self._filler)
            self._counts["disks filled"] += 1
            await asyncio.sleep(self._chance.uniform(*FULL_SECONDS))
            self._filler.unlink()
            await asyncio.to_thread(self._revive)
        await asyncio.sleep(0.1)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError:
                continue


@contextmanager
def small_disk(folder: Path, megabytes: int = DISK_MEGABYTES) -> Iterator[str]:
    """A small tmpfs mounted there; yields why not, or nothing."""
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        yield "mounting a small disk needs root"
        return
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        yield f"no small disk can be mounted: {mounted.stderr.strip()}"
        return
    try:
        yield ""
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


class Clock:
    """The machine's clock, as the seller and its buyers read it: it jumps, and may jump back."""

    def __init__(self, file: Path, chance: random.Random, counts: Counter[str]) -> None:
        self._file = file
        self._chance = chance
        self._counts = counts
        self._behind = chance.random() < 0.5
        #: a receipt that is dated in the future for a while is refused by its buyer
        self.excuses = True
        self.offset = 0
        self._set(0)

    @staticmethod
    def library() -> str | None:
        """Debian's libfaketime, if it is installed."""
        return next((path for path in FAKETIME if Path(path).exists()), None)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": self.library() or "",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            # Seconds between its looks at the file; looking at every call makes a process as slow as a stopped one.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # A payment must expire by the chain's clock before its request does by the seller's.
            "PAYWALL_REQUEST_SECONDS": "3600",
        }

    def now(self) -> int:
        return int(time.time()) + self.offset

    async def run(self, stop: asyncio.Event) -> None:
        """Ten minutes back and then right again, or ten minutes ahead for good: a late correction."""
        await asyncio.sleep(self._chance.uniform(3, 8))
        self._set(-JUMP_SECONDS if self._behind else JUMP_SECONDS)
        await stop.wait()
        if self._behind:
            self._set(0)

    def _set(self, offset: int) -> None:
        if offset != self.offset:
            self._counts[f"clock moved by {offset - self.offset:+d} s"] += 1
        self.offset = offset
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{offset:+d}\n")
        draft.replace(self._file)
