"""Where the app's own paths stand for who calls it: below the path that it is mounted under."""

from starlette.requests import Request


def at_root(request: Request, path: str) -> str:
    """`path` of this app as the client must ask for it."""
    return f"{request.scope.get('root_path', '')}{path}"
