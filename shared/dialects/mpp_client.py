"""MPP as a payer reads and writes it: the challenges of `WWW-Authenticate`, the credential, `Payment-Receipt`.

A challenge that lacks what the draft wants, or asks in another intent than `charge`, is passed over; so are other
schemes beside it. Everything is read once from left to right.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared import strict_json
from shared.dialects.mpp import CHALLENGE, CREDENTIAL, INTENT
from shared.tokens import base64url, fields
from shared.tokens.jws import TokenError

__all__ = ["CHALLENGE", "MppChallenge", "read_challenges", "read_receipt", "write_credential"]

SCHEME = "Payment"
#: characters of all lines together; challenges that are looked at; characters of a time
MAX_HEADER, MAX_CHALLENGES, MAX_TIME = 65536, 16, 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEEDED = ("id", "realm", "method", "intent", "request")
_GIVEN_BACK = (*_NEEDED, "expires", "digest", "opaque", "description")
_PARAMETER = re.compile(r'[ \t,]*+([A-Za-z0-9_-]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]++|\\.)*+)"|([^ \t,"=]++))')
_SCHEME = re.compile(r"[ \t,]*+([A-Za-z][A-Za-z0-9_-]*+)")
_TOKEN68 = re.compile(r"[ \t]*+[A-Za-z0-9._~+/-]++=*+")
#: what may stand behind either; and the line's end
_BEHIND = frozenset(" \t,")
_ESCAPED = re.compile(r"\\(.)")
_METHOD = re.compile(r"[a-z]{1,32}")
_DIGITS = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class MppChallenge:
    """A challenge. `said` is given back as it came; `request` is what it asks, `expires_at` in Unix seconds or None."""

    said: Mapping[str, str]
    method: str
    amount: int
    currency: str
    recipient: str
    external_id: str | None
    details: Mapping[str, Any]
    expires_at: int | None

    @property
    def id(self) -> str:
        return self.said["id"]


def read_challenges(lines: Iterable[str]) -> tuple[MppChallenge, ...]:
    """The charges in the lines of a `WWW-Authenticate` that can be read. Errors: TokenError, too long."""
    text = list(lines)
    if sum(map(len, text)) > MAX_HEADER:
        raise TokenError("too_long", f"WWW-Authenticate has more than {MAX_HEADER} characters")
    asked = [said for line in text for scheme, said in _split(line) if scheme.lower() == SCHEME.lower()]
    found = map(_challenge, asked[:MAX_CHALLENGES])
    return tuple(one for one in found if one is not None)


def write_credential(challenge: MppChallenge, payload: Mapping[str, Any]) -> tuple[str, str]:
    """The header that shows a payment of `challenge`: its name and its value."""
    echoed = {name: challenge.said[name] for name in _GIVEN_BACK if name in challenge.said}
    shown = {"challenge": echoed, "payload": payload}
    return CREDENTIAL, f"{SCHEME} {base64url.encode(strict_json.dumps(shown).encode())}"


def read_receipt(header: str) -> Mapping[str, Any]:
    """What a `Payment-Receipt` of success says. Errors: TokenError."""
    said = _decoded(header, "Payment-Receipt")
    if said.get("status") != "success":
        raise fields.bad("status", "is not success")
    return said


def _split(line: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Scheme and parameters of each challenge in a line, up to what is none; the first of two equal names counts."""
    at = 0
    while (scheme := _SCHEME.match(line, at)) and _ends(line, scheme.end()):
        at, said = scheme.end(), dict[str, str]()
        while parameter := _PARAMETER.match(line, at):
            quoted, plain = parameter[2], parameter[3]
            value = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
            said.setdefault(parameter[1].lower(), value)
            at = parameter.end()
        blob = None if said else _TOKEN68.match(line, at)
        if blob and _ends(line, blob.end()) and not line[at:].lstrip(" \t").startswith(","):
            at = blob.end()
        yield scheme[1], said


def _ends(line: str, at: int) -> bool:
    return at == len(line) or line[at] in _BEHIND


def _challenge(said: Mapping[str, str]) -> MppChallenge | None:
    """None for what cannot be paid by it."""
    if not all(said.get(name) for name in _NEEDED) or said["intent"] != INTENT:
        return None
    try:
        asked = _decoded(said["request"], "the request of a challenge")
        amount, currency = fields.text(asked, "amount"), fields.text(asked, "currency")
        recipient = fields.text(asked, "recipient")
        external_id = fields.optional_text(asked, "externalId")
        details = fields.mapping(asked, "methodDetails") if "methodDetails" in asked else {}
        expires_at = _seconds(said["expires"]) if "expires" in said else None
    except TokenError:
        return None
    if not _DIGITS.fullmatch(amount) or not _METHOD.fullmatch(said["method"]):
        return None
    method = said["method"]
    return MppChallenge(said, method, int(amount), currency, recipient, external_id, details, expires_at)


def _seconds(text: str) -> int:
    try:
        found = datetime.fromisoformat(text[:MAX_TIME])
    except ValueError as error:
        raise fields.bad("expires", "is no time") from error
    if found.tzinfo is None:
        raise fields.bad("expires", "has no time zone")
    return int((found - _EPOCH).total_seconds())


def _decoded(text: str, name: str) -> Mapping[str, Any]:
    if len(text) > MAX_HEADER:
        raise TokenError("too_long", f"{name} has more than {MAX_HEADER} characters")
    try:
        said = strict_json.loads(base64url.decode(text.rstrip("=")))
    except ValueError as error:
        raise TokenError("malformed", f"{name} is not base64url of JSON: {error}") from error
    if not isinstance(said, dict):
        raise TokenError("malformed", f"{name} holds no object")
    return said
