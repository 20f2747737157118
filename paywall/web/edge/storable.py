"""Before any route is asked: what no store can hold goes no further, whatever server is in front of us.

Bodies and tokens are JSON, whose reader (`shared/strict_json.py`) refuses the same there.
"""

from itertools import chain
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
        app = self._app
        if scope["type"] == "http":
            try:
                check_storable(scope)
            except BadRequest as refusal:
                app = problem_response(refusal)
        await app(scope, receive, send)


def check_storable(scope: Scope) -> None:
    """Of an HTTP request: its path, query and headers. Errors: BadRequest."""
    query = scope["query_string"]
    texts = b"".join(chain.from_iterable(scope["headers"]))
    if query:
        texts += unquote_to_bytes(query)
    if b"\0" in texts or not is_storable(scope["path"]):
        raise BadRequest("A request holds no NUL and no half of a character, in its path, query or headers.")
