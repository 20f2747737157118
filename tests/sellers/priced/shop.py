"""A program with priced routes of its own, which sells for vouchers; no chain and no image is near."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from paywall import Paywall, Settings
from paywall.rails.base import CheckedPayment
from shared.dialects.base import Evidence, ExactTerms, StoredRequest
from shared.tokens.prt import PaymentOption
from tests.sellers.dialects.x402_client import decoded, encoded
from tests.support.outside.rail import NETWORK, VoucherRail

BASE = "http://127.0.0.1:8402"
PAYER = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
CODES = {"quarter": 25, "dollar": 100}


class ExactVouchers(VoucherRail):
    """Paid by x402, too: a code is shown, and worth nothing to its payer any more once it is settled."""

    def exact(self, option: PaymentOption) -> ExactTerms:
        return ExactTerms(option.id, NETWORK, "voucher", option.amount, option.recipient, {})

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        checked = await super().check(request, evidence)
        return replace(checked, owners=frozenset({PAYER}), paid_at=None)


def vouchers(folder: Path) -> Paywall:
    return Paywall(
        Settings(data_dir=str(folder), rails="voucher", policy="none"),
        rails=[ExactVouchers(CODES, 0)],
    )


class Shop:
    """`asked` are the requests that its handler saw; `answers` what it answers next, by default a report."""

    def __init__(self, folder: Path, **terms: Any) -> None:
        self.paywall = vouchers(folder)
        self.asked: list[Any] = []
        self.answers: list[Any] = []
        report = self.paywall.resource("report", **({"usd": "0.25"} | terms))
        routes = [
            Route("/report", report.priced(self._report), methods=["GET", "POST"]),
            Mount("/", self.paywall),
        ]
        self.app = Starlette(routes=routes)

    async def _report(self, request: Request) -> Response:
        self.asked.append((await request.body(), request.state.redemption_id))
        if not self.answers:
            return JSONResponse({"number": len(self.asked)}, headers={"X-Report": "yes"})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else await answer(request)


@asynccontextmanager
async def asking(app: Any, paywall: Paywall) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the program, while its Paywall runs."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with paywall.running(), httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield http


def shown(asked: httpx.Response, code: str) -> dict[str, str]:
    """What pays this 402, by x402."""
    assert asked.status_code == 402, asked.text
    accepted = decoded(asked.headers["payment-required"])["accepts"][0]
    return {
        "PAYMENT-SIGNATURE": encoded({"x402Version": 2, "accepted": accepted, "payload": {"voucher": code}})
    }


async def bearer(http: httpx.AsyncClient, *, credits: int = 4, code: str = "dollar") -> dict[str, str]:
    """The headers that show a receipt for so many credits of it."""
    asked = await http.post("/api/report/buy", json={"credits": credits})
    paid = await http.post("/api/report/buy", headers=shown(asked, code))
    assert paid.status_code == 200, paid.text
    return {"Authorization": f"Bearer {paid.json()['receipt']}"}


async def left(http: httpx.AsyncClient, holder: dict[str, str]) -> int:
    return int((await http.get("/api/credits", headers=holder)).json()["available"])
