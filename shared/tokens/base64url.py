"""Base64url without padding (RFC 7515 section 2), in its one canonical spelling."""

import base64
import binascii


def encode(raw: bytes) -> str:
    """Return `raw` in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str | bytes) -> bytes:
    """Return the bytes of canonical `text`; ValueError otherwise.

    Python's decoder skips padding, foreign characters and stray trailing bits, so one token would have many
    spellings and a replay could look new. Encoding again and comparing leaves exactly one.
    """
    given = text.encode("ascii") if isinstance(text, str) else text
    try:
        raw = base64.urlsafe_b64decode(given + b"=" * (-len(given) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != given:
        raise ValueError("not canonical base64url")
    return raw
