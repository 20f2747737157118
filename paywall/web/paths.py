"""Where the app's own paths stand for who calls it: below the path that it is mounted under."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

Endpoint = Callable[[Request], Awaitable[Response]]


def at_root(request: Request, path: str) -> str:
    """`path` of this app as the client must ask for it."""
    return f"{request.scope.get('root_path', '')}{path}"


class ExactRoute(Route):
    """A path that another route's pattern holds too: a wrong method is refused here, and asks no other route."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), found
