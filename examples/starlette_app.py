"""A report for 0.25 USD: one priced route of a Starlette app, and the paywall beside it.

uvicorn --app-dir examples starlette_app:app --port 8402
buyer pay http://localhost:8402/report -X POST -d '{"town": "Bergen"}'
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from paywall import Paywall, Settings

paywall = Paywall(Settings.from_environment())
report = paywall.resource("report", usd="0.25")


@report.priced
async def endpoint(request: Request) -> Response:
    """Asked when its credit is reserved; the credit is taken if this is a success."""
    asked = await request.json()
    if "town" not in asked:
        return JSONResponse({"detail": "Of which town?"}, 422)  # costs nothing
    return JSONResponse({"town": asked["town"], "weather": "rain"})


app = Starlette(routes=[Route("/report", endpoint, methods=["POST"]), Mount("/", paywall)])
