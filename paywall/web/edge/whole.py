"""What our own server offers beside ASGI's messages; a test holds the answers of both against each other."""

from collections.abc import MutableMapping, Sequence
from typing import Any, Protocol, cast

#: `paywall/serving/whole_answer.py` puts it into a scope's extensions
EXTENSION = "paywall.whole"


class WholeExchange(Protocol):
    """A request's body and its answer, each at once where that can be."""

    def take_body(self) -> bytes | None:
        """None where some of it is still to come."""

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes | memoryview) -> bool:
        """False where nothing was sent."""


def whole_of(scope: MutableMapping[str, Any]) -> WholeExchange | None:
    """None under any other server."""
    extensions = scope.get("extensions")
    return cast("WholeExchange | None", extensions.get(EXTENSION)) if extensions else None
