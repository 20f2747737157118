"""The yardstick: Starlette with one route that answers a small JSON object."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

PATH = "/plain"


async def _plain(_request: Request) -> JSONResponse:
    return JSONResponse({"hello": "world"})


def app() -> Starlette:
    """The app."""
    return Starlette(routes=[Route(PATH, _plain)])
