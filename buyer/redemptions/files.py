"""Image files under names of ours: never a name from the server, never over another file."""

import os
import re
import secrets
import shutil
from pathlib import Path

from buyer.errors import SellerFault, UsageError

LONGEST_SLUG = 40
#: bytes of disk for one image: more than any that is drawn for a credit
IMAGE_ROOM = 4_000_000
LONGEST_ID = 8

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", b"", "png"),
    (b"\xff\xd8\xff", b"", "jpg"),
    (b"GIF8", b"", "gif"),
    (b"RIFF", b"WEBP", "webp"),
)


def extension(content: bytes) -> str:
    """What the bytes are, whatever the seller called them; SellerFault when they are no image."""
    for start, at_eight, name in _KINDS:
        if content.startswith(start) and content[8:].startswith(at_eight):
            return name
    raise SellerFault("not_an_image", "the seller answered with something that is not an image")


def name(position: int, subject: str, redemption_id: str, content: bytes) -> str:
    """`01-abraham-lincoln-1a2b3c4d.png`: letters, digits and dashes, whatever subject and id contain."""
    parts = (
        f"{position:02d}",
        _slug(subject)[:LONGEST_SLUG],
        # The end of the id: its beginning is the time.
        _slug(redemption_id)[-LONGEST_ID:],
    )
    return "-".join(part.strip("-") for part in parts if part.strip("-")) + "." + extension(content)


def check_folder(folder: Path, image_count: int) -> None:
    """Make the folder and try it out as `save` will use it: what could not be saved is not to be paid for.

    UsageError when it cannot be made or written, or has no room for so many images.
    """
    probe, link = (folder / f".{secrets.token_hex(8)}" for _ in range(2))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(bytes(4096))
            os.link(probe, link)
        finally:
            probe.unlink(missing_ok=True)
            link.unlink(missing_ok=True)
        room = shutil.disk_usage(folder).free
    except OSError as error:
        hint = "Nothing was paid. Name another --out."
        raise UsageError(
            "folder_unwritable", f"cannot write to {folder}: {error.strerror}", hint=hint
        ) from error
    if room < image_count * IMAGE_ROOM:
        message = f"{folder} has {room} bytes left, too little for {image_count} images"
        raise UsageError("disk_full", message, hint="Nothing was paid. Make room, or name another --out.")


def save(folder: Path, file_name: str, content: bytes) -> Path:
    """Write a new file and return its path; the same bytes under that name are taken as saved before."""
    path, draft = folder / file_name, folder / f".{file_name}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(content)
            if not _link(draft, path) and not (path.is_file() and path.read_bytes() == content):
                raise UsageError(
                    "file_exists", f"{path} exists and is never overwritten", hint="Name another --out."
                )
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        hint = (
            "Nothing is lost: the same command, with another --out if need be, saves it without paying again."
        )
        raise UsageError("file_unwritable", f"cannot write {path}: {error.strerror}", hint=hint) from error
    return path


def _link(draft: Path, path: Path) -> bool:
    """Give the finished file its name, unless that is taken: nothing is overwritten, nothing half written."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    return True


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
