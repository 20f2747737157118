"""Keeps deliveries as files: a synchronous store, and the same off the event loop."""

import asyncio
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from paywall.private_files import FILE_MODE, private_folder
from paywall.redemptions.fulfilment import Delivery

# As `clock.new_reference` makes them: 32 lower-case hexadecimal digits. Nothing else ever reaches the file system,
# so neither "../" nor an absolute path, a NUL byte or a device name can.
_REFERENCE = re.compile(r"[0-9a-f]{32}")


class DeliveryExistsError(Exception):
    """Another delivery is stored under this reference already. Stored deliveries never change."""


class DeliveryFolder:
    """A directory of deliveries, `ab/cd/abcd…`, so that no folder grows past a few thousand files."""

    def __init__(self, directory: Path) -> None:
        """Use `directory`, which is made on the first `put` when it is missing."""
        self._directory = directory

    def put(self, reference: str, delivery: Delivery) -> str:
        """Store a delivery for good and return the SHA-256 of its bytes in hex.

        When this returns, the file and its directory entry are on disk. Storing the same bytes again changes
        nothing. Raises ValueError for a reference that is not ours, and DeliveryExistsError for other bytes.
        """
        if not _REFERENCE.fullmatch(reference):
            raise ValueError("a reference is 32 lower-case hexadecimal digits")
        path = self._path(reference)
        self._make_folder(path.parent)
        if not _create(path, delivery.body) and path.read_bytes() != delivery.body:
            raise DeliveryExistsError(reference)
        return hashlib.sha256(delivery.body).hexdigest()

    def get(self, reference: str) -> bytes | None:
        """The stored bytes, or None when there is no such delivery; a text that is no reference names none."""
        if not _REFERENCE.fullmatch(reference):
            return None
        try:
            return self._path(reference).read_bytes()
        except FileNotFoundError:
            return None

    def _path(self, reference: str) -> Path:
        return self._directory / reference[:2] / reference[2:4] / reference

    def _make_folder(self, folder: Path) -> None:
        """Make the fan-out folders, each on disk in its parent before anything is put into it."""
        missing = [step for step in (folder, *folder.parents) if not step.exists()]
        for step in reversed(missing):
            private_folder(step)
            _sync_directory(step.parent)


class DeliveryFiles:
    """Keeps deliveries below a directory; the disk work is done in threads."""

    def __init__(self, directory: Path) -> None:
        """Use `directory`, which is made on the first `put` when it is missing."""
        self._store = DeliveryFolder(directory)

    async def put(self, reference: str, delivery: Delivery) -> str:
        return await asyncio.to_thread(self._store.put, reference, delivery)

    async def get(self, reference: str) -> bytes | None:
        return await asyncio.to_thread(self._store.get, reference)


def _create(path: Path, data: bytes) -> bool:
    """Make the file in one step that readers can see, and say whether it is new.

    The finished temporary file gets its name by link, not by rename: a rename would silently replace a
    delivery that another worker stored in the meantime.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, FILE_MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        return True
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
