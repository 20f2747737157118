"""Image files: names of ours, contents that are images, nothing overwritten."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buyer.errors import SellerFault, UsageError
from buyer.redemptions import files
from paywall.clock import new_id

PNG = b"\x89PNG\r\n\x1a\nrest"


def test_a_name_says_position_subject_and_redemption() -> None:
    name = files.name(1, "Abraham Lincoln", "01a1ff3c-0000-7000-8000-00001a2b3c4d", PNG)
    assert name == "01-abraham-lincoln-1a2b3c4d.png"


def test_redemptions_of_the_same_minute_have_names_of_their_own() -> None:
    """The beginning of an id is the time."""
    names = {files.name(1, "a red boat", new_id(), PNG) for _ in range(50)}
    assert len(names) == 50


@pytest.mark.parametrize(
    ("subject", "redemption_id"),
    [
        ("../../etc/passwd", "..%2f..%2f"),
        ("/absolute", "\\windows\\"),
        ("nul\0byte", "new\nline"),
        ("x" * 5000, "y" * 5000),
        ("", ""),
        ("🎨", "🎨"),
        ("CON", "."),
    ],
)
def test_no_word_of_the_seller_leads_out_of_the_folder(
    subject: str, redemption_id: str, tmp_path: Path
) -> None:
    path = files.save(tmp_path, files.name(1, subject, redemption_id, PNG), PNG)
    assert path.resolve().parent == tmp_path.resolve()
    assert len(path.name) < 80
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@settings(deadline=None)
@given(subject=st.text(max_size=60), redemption_id=st.text(max_size=60))
def test_every_name_is_plain(subject: str, redemption_id: str) -> None:
    stem, _, kind = files.name(7, subject, redemption_id, PNG).rpartition(".")
    assert kind == "png"
    assert stem.startswith("07")
    assert stem.replace("-", "").isalnum()
    assert stem.isascii()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PNG, "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"GIF89a", "gif"), (b"RIFF\0\0\0\0WEBPVP8 ", "webp")],
)
def test_the_bytes_decide_the_extension(content: bytes, kind: str) -> None:
    assert files.extension(content) == kind


@pytest.mark.parametrize("content", [b"", b"<html>", b"#!/bin/sh", b"MZ", b"RIFF\0\0\0\0WAVE", b"\x89PN"])
def test_what_is_no_image_is_not_saved(content: bytes) -> None:
    with pytest.raises(SellerFault, match="not an image"):
        files.extension(content)


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "01-x.png").write_bytes(b"precious")
    with pytest.raises(UsageError, match="never overwritten"):
        files.save(tmp_path, "01-x.png", PNG)
    assert (tmp_path / "01-x.png").read_bytes() == b"precious"


def test_the_same_image_again_is_taken_as_saved(tmp_path: Path) -> None:
    assert files.save(tmp_path, "01-x.png", PNG) == files.save(tmp_path, "01-x.png", PNG)


def test_a_link_laid_out_under_the_name_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_bytes(b"precious")
    (tmp_path / "01-x.png").symlink_to(target)
    with pytest.raises(UsageError):
        files.save(tmp_path, "01-x.png", PNG)
    assert target.read_bytes() == b"precious"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="cannot write"):
        files.save(tmp_path / "file", "01-x.png", PNG)
