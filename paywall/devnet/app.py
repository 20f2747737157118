"""The devnet's HTTP: Blockfrost's paths under /api/v0, and its own under /devnet."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from paywall.devnet import control
from paywall.devnet.blockfrost import reads, submits, transaction_reads
from paywall.devnet.devnet import Devnet
from paywall.devnet.faults import Fault
from paywall.devnet.ledger.emulator import LedgerRefusal
from paywall.devnet.ledger.node import LedgerUnavailable

PHRASES = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
NOT_FOUND = "The requested component has not been found."


def create_app(devnet: Devnet) -> Starlette:
    """The ASGI app of a devnet that is open; whoever opened it closes it."""
    app = Starlette(
        routes=[
            Mount("/api/v0", routes=[*reads.ROUTES, *transaction_reads.ROUTES, *submits.ROUTES]),
            Mount("/devnet", routes=control.ROUTES),
        ],
        exception_handlers={
            HTTPException: _http_error,
            LedgerRefusal: _refused,
            ValueError: _bad_request,
            LedgerUnavailable: _unavailable,
            Exception: _failed,
        },
    )
    app.state.devnet = devnet
    app.state.fault = Fault()
    app.state.hidden = frozenset()
    return app


def error_response(status: int, message: str) -> Response:
    """Blockfrost's error shape."""
    return JSONResponse(
        {"status_code": status, "error": PHRASES.get(status, "Error"), "message": message}, status
    )


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = NOT_FOUND if error.detail == "Not Found" else error.detail  # starlette's own words for a 404
    response = error_response(error.status_code, detail)
    response.headers.update(error.headers or {})  # what a 405 allows
    return response


async def _refused(_: Request, error: Exception) -> Response:
    return error_response(400, f"transaction submit error {error}")


async def _bad_request(_: Request, error: Exception) -> Response:
    return error_response(400, str(error))


async def _unavailable(_: Request, error: Exception) -> Response:
    return error_response(503, str(error))


async def _failed(_: Request, error: Exception) -> Response:
    return error_response(500, repr(error))
