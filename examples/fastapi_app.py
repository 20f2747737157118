"""A report whose price depends on its pages: a priced FastAPI router, with FastAPI's own validation and answers.

uvicorn --app-dir examples fastapi_app:app --port 8402
"""

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field
from starlette.requests import Request

from paywall import Paywall, Settings


class Order(BaseModel):
    """What is asked for."""

    town: str
    pages: int = Field(1, ge=1, le=10)


class Report(BaseModel):
    """What is answered."""

    town: str
    pages: list[str]


async def pages_asked(request: Request) -> int:
    """A credit a page; what is no good order costs one, and FastAPI refuses it before any is taken."""
    try:
        return Order.model_validate_json(await request.body()).pages
    except ValueError:
        return 1


paywall = Paywall(Settings.from_environment())
report = paywall.resource("report", usd="0.05", credits=pages_asked)
router = APIRouter(route_class=report.api_route)


@router.post("/report")
async def endpoint(order: Order) -> Report:
    """Every route of this router is priced."""
    return Report(town=order.town, pages=[f"Page {number}: rain." for number in range(1, order.pages + 1)])


app = FastAPI()
app.include_router(router)
app.mount("/", paywall)
