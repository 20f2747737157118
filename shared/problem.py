"""Problem details (RFC 9457): how every refusal looks on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TYPE_PREFIX = "urn:paywall:problem:"

_MEMBERS = ("type", "title", "status", "detail", "code", "retryable")
_STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal: `code` is stable and for programs, `title` and `detail` are for people.

    `retryable` says that the same request may succeed later; `extra` holds further members, such as ids.
    """

    status: int
    code: str
    title: str
    detail: str
    retryable: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return the JSON object to send as application/problem+json."""
        own = (TYPE_PREFIX + self.code, self.title, self.status, self.detail, self.code, self.retryable)
        return {**self.extra, **dict(zip(_MEMBERS, own, strict=True))}

    @classmethod
    def parse(cls, body: object) -> "Problem":
        """Read such an object; ValueError when it is not one."""
        members = body if isinstance(body, Mapping) else {}
        status, code, retryable = (
            members.get("status"),
            _text(members, "code"),
            members.get("retryable", False),
        )
        if type(status) is not int or status not in _STATUSES or not isinstance(retryable, bool) or not code:
            raise ValueError(
                "problem details have a status from 400 to 599, a code, and retryable true or false"
            )
        extra = {name: value for name, value in members.items() if name not in _MEMBERS}
        return cls(status, code, _text(members, "title"), _text(members, "detail"), retryable, extra)


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name, "")
    if isinstance(value, str):
        return value
    raise ValueError(f"the {name} of problem details is text")
