"""The first look at a request: what no store can hold goes no further, whatever server is in front of us.

Bodies and tokens are JSON, whose reader (`shared/strict_json.py`) refuses the same there.
"""

from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from paywall.errors import BadRequest
from paywall.web.problems import problem_response
from shared.text import is_storable


class StorableRequests:
    """Wraps the app. SQLite would take a NUL and PostgreSQL would not: the answer must be the same."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _can_be_stored(scope):
            await self._app(scope, receive, send)
            return
        refusal = BadRequest(
            "A request holds no NUL and no half of a character, in its path, query or headers."
        )
        await problem_response(refusal)(scope, receive, send)


def _can_be_stored(scope: Scope) -> bool:
    texts = [unquote_to_bytes(scope["query_string"]), *(part for line in scope["headers"] for part in line)]
    return is_storable(scope["path"]) and not any(b"\0" in text for text in texts)
