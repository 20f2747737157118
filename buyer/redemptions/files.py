"""Image files under names of ours: never a name from the server, never over another file."""

import os
import re
import secrets
from pathlib import Path

from buyer.errors import SellerFault, UsageError

LONGEST_SLUG = 40
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


def save(folder: Path, file_name: str, content: bytes) -> Path:
    """Write a new file and return its path; the same bytes under that name are taken as saved before."""
    path, draft = folder / file_name, folder / f".{file_name}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        try:
            if not _link(draft, path) and not (path.is_file() and path.read_bytes() == content):
                raise UsageError(
                    "file_exists", f"{path} exists and is never overwritten", hint="Name another --out."
                )
        finally:
            draft.unlink()
    except OSError as error:
        raise UsageError("file_unwritable", f"cannot write {path}: {error.strerror}") from error
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
