"""A report whose price depends on its pages: a priced FastAPI router, with FastAPI's own validation and answers.

uvicorn --app-dir examples fastapi_app:app --port 8402
"""

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field
from starlette.requests import Request

from paywall import Paywall, Settings

MOST_PAGES = 10


class Order(BaseModel):
    """What is asked for."""

    town: str
    pages: int = Field(1, ge=1, le=MOST_PAGES)


class Report(BaseModel):
    """What is answered."""

    town: str
    pages: list[str]


async def pages_asked(request: Request) -> int:
    """A credit a page, read as FastAPI reads it: a body that two readers understand differently has two prices.

    What is no good order asks for the dearest one, and FastAPI refuses it before any credit is taken.
    """
    try:
        return Order.model_validate(await request.json()).pages
    except ValueError:
        return MOST_PAGES


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
