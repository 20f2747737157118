"""Keeps finished pictures as files: a synchronous store, and the same off the event loop."""

import asyncio
import hashlib
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from paywall.products.images.maker import Picture

# uuid4().hex: 32 lower-case hexadecimal digits. Nothing else ever reaches the file system, so neither "../"
# nor an absolute path, a NUL byte or a device name can.
_IMAGE_ID = re.compile(r"[0-9a-f]{32}")


class ImageExistsError(Exception):
    """Another picture is stored under this id already. Stored pictures never change."""


class ImageStore:
    """A directory of pictures, `ab/cd/abcd…`, so that no folder grows past a few thousand files."""

    def __init__(self, directory: Path) -> None:
        """Use `directory`, which is made on the first `put` when it is missing."""
        self._directory = directory

    def put(self, image_id: str, picture: Picture) -> str:
        """Store a picture for good and return the SHA-256 of its bytes in hex.

        When this returns, the file and its directory entry are on disk. Storing the same bytes again changes
        nothing. Raises ValueError for an id that is not ours, and ImageExistsError for other bytes.
        """
        if not _IMAGE_ID.fullmatch(image_id):
            raise ValueError("an image id is 32 lower-case hexadecimal digits")
        path = self._path(image_id)
        self._make_folder(path.parent)
        if not _create(path, picture.data) and path.read_bytes() != picture.data:
            raise ImageExistsError(image_id)
        return hashlib.sha256(picture.data).hexdigest()

    def get(self, image_id: str) -> bytes | None:
        """The stored bytes, or None when there is no such picture; a text that is no id names none."""
        if not _IMAGE_ID.fullmatch(image_id):
            return None
        try:
            return self._path(image_id).read_bytes()
        except FileNotFoundError:
            return None

    def _path(self, image_id: str) -> Path:
        return self._directory / image_id[:2] / image_id[2:4] / image_id

    def _make_folder(self, folder: Path) -> None:
        """Make the fan-out folders, each on disk in its parent before anything is put into it."""
        missing = [step for step in (folder, *folder.parents) if not step.exists()]
        for step in reversed(missing):
            step.mkdir(mode=0o700, exist_ok=True)
            _sync_directory(step.parent)


class ThreadedImageStore:
    """The store as the flows want it: its disk work in a thread."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store

    async def put(self, image_id: str, picture: Picture) -> str:
        return await asyncio.to_thread(self._store.put, image_id, picture)

    async def get(self, image_id: str) -> bytes | None:
        return await asyncio.to_thread(self._store.get, image_id)


def _create(path: Path, data: bytes) -> bool:
    """Make the file in one step that readers can see, and say whether it is new.

    The finished temporary file gets its name by link, not by rename: a rename would silently replace a
    picture that another worker stored in the meantime.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
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
