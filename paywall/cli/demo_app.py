"""Another program's app, which the demo sells one route of: a report for 1.00 USD. Runs on PAYWALL_PORT."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from paywall import Paywall, Settings


def build(settings: Settings) -> Starlette:
    """POST /report with `{"town"}`."""
    paywall = Paywall(settings)
    report = paywall.resource("report", usd="1.00")

    @report.priced
    async def endpoint(request: Request) -> Response:
        asked = await request.json()
        return JSONResponse({"town": asked["town"], "weather": "rain"})

    return Starlette(routes=[Route("/report", endpoint, methods=["POST"]), Mount("/", paywall)])


def main() -> None:
    """Serve it until the process is told to end."""
    import uvicorn

    settings = Settings.from_environment()
    uvicorn.run(build(settings), host="127.0.0.1", port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
