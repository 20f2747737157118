"""Base64url without padding (RFC 7515 section 2), in its one canonical spelling."""

import binascii

_TO_URL = bytes.maketrans(b"+/", b"-_")
#: the standard alphabet's own two become foreign characters, so that they have no meaning here
_FROM_URL = bytes.maketrans(b"-_+/", b"+/\xff\xff")


def encode(raw: bytes) -> str:
    """Return `raw` in base64url without padding."""
    return _encoded(raw).decode("ascii")


def decode(text: str | bytes) -> bytes:
    """Return the bytes of canonical `text`; ValueError otherwise.

    Python's decoder skips padding, foreign characters and stray trailing bits, so one token would have many
    spellings and a replay could look new. Encoding again and comparing leaves exactly one.
    """
    given = text.encode("ascii") if isinstance(text, str) else text
    try:
        raw = binascii.a2b_base64(given.translate(_FROM_URL) + b"=" * (-len(given) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if _encoded(raw) != given:
        raise ValueError("not canonical base64url")
    return raw


def _encoded(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=")
