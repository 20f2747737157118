"""JSON over HTTP to a service of the operator's choice: one POST, bounded in time and size, never repeated."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from shared import strict_json
from shared.chain.base import ChainUnavailable
from shared.chain.transport import NoAnswer, NotSent, Transport


class Unanswered(Exception):
    """No whole answer came that can be read. Whether the question was heard is not known."""


class Told(NamedTuple):
    """A JSON object, and the HTTP status that it came with."""

    status: int
    said: Mapping[str, Any]


class JsonCalls:
    """Keeps its connections: one for all calls in one event loop, to be closed. Names no URL: many hold a key."""

    def __init__(self, url: str, seconds: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Errors: ValueError."""
        self._transport = Transport(url, "", seconds, transport)

    async def post(self, url: str, body: Any, headers: Mapping[str, str]) -> Told:
        """Errors: Unanswered."""
        sent = strict_json.dumps(body).encode()
        try:
            answer = await self._transport.send(
                "POST", url, content=sent, headers={"content-type": "application/json", **headers}
            )
            said = answer.json()
        except (NotSent, NoAnswer) as error:
            raise Unanswered(type(error).__name__) from None
        except ChainUnavailable:
            raise Unanswered("something else than JSON was answered") from None
        if not isinstance(said, dict):
            raise Unanswered("no JSON object was answered")
        return Told(answer.status, said)

    async def aclose(self) -> None:
        await self._transport.aclose()
