"""A Paywall from its start to its end and the next start: what it holds, what it lets go, what it still knows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from paywall import Paywall, Resource, Settings
from paywall.rails.base import JSON
from tests.support.outside.dialect import ASK, SHOW, PlainDialect
from tests.support.outside.rail import VoucherRail
from tests.support.outside.resource import PRODUCT, Weather, weather
from tests.support.world.loop import in_loop

BASE = "http://127.0.0.1:8402"
#: whoever it is, the voucher's rail takes his word
PAYER = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"


@asynccontextmanager
async def asking(app: Paywall) -> AsyncIterator[httpx.AsyncClient]:
    """A client of this Paywall while it runs."""
    transport = httpx.ASGITransport(app)
    async with app.running(), httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield http


async def bearer(http: httpx.AsyncClient, code: str) -> dict[str, str]:
    """The headers that show a receipt for six credits, paid by a voucher."""
    asked = await http.post("/api/weather/buy", json={"credits": 6})
    token = asked.headers[ASK].partition("token=")[2]
    paid = await http.post("/api/payments", headers={SHOW: f"{PAYER} {code} {token}"})
    return {"Authorization": f"Bearer {paid.json()['ours']}"}


def vouchers(
    folder: Path, resources: Sequence[Resource] | None = None, rail: VoucherRail | None = None
) -> Paywall:
    """Sells reports for the voucher `code`."""
    return Paywall(
        Settings(data_dir=str(folder), rails="voucher", policy="none"),
        resources=[weather(folder / "deliveries")] if resources is None else resources,
        products=[PRODUCT],
        rails=[rail or VoucherRail({"code": 90}, 0)],
        dialects=[PlainDialect()],
    )


@in_loop
async def test_a_start_that_fails_holds_nothing_that_the_next_one_needs(tmp_path: Path) -> None:
    class Mute(Weather):
        def describe(self) -> None:
            raise ZeroDivisionError

    broken = replace(weather(tmp_path / "deliveries"), fulfilment=Mute())
    with pytest.raises(ZeroDivisionError):
        async with vouchers(tmp_path, [broken]).running():
            pytest.fail("it runs")
    async with vouchers(tmp_path).running() as seller:
        assert seller.database.dialect == "sqlite"


@in_loop
async def test_a_rail_that_fails_while_it_closes_keeps_nothing_else_open(tmp_path: Path) -> None:
    class Stuck(VoucherRail):
        async def aclose(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with vouchers(tmp_path, rail=Stuck({}, 0)).running():
            pass
    async with vouchers(tmp_path).running() as seller:
        assert seller.database.dialect == "sqlite"


@in_loop
async def test_the_catalog_tells_a_rails_rate_as_it_is_now(tmp_path: Path) -> None:
    class Moving(VoucherRail):
        rate = "1.00 USD"

        def describe(self) -> Mapping[str, JSON]:
            return {**super().describe(), "rate": self.rate}

    rail = Moving({}, 0)
    async with asking(vouchers(tmp_path, rail=rail)) as http:
        told = []
        for rail.rate in ("1.00 USD", "1.10 USD"):
            told.append((await http.get("/api/catalog")).json()["rails"][0]["rate"])
    assert told == ["1.00 USD", "1.10 USD"]


@in_loop
async def test_what_was_redeemed_is_shown_when_its_resource_is_no_longer_on_offer(tmp_path: Path) -> None:
    async with asking(vouchers(tmp_path)) as http:
        holder = await bearer(http, "code")
        used = await http.post("/api/weather/report", json={}, headers=holder)
        shown = f"/api/redemptions/{used.headers['redemption-id']}"
        before = (await http.get(shown, headers=holder)).json()
    other = replace(weather(tmp_path / "deliveries"), id="forecast", path="/api/forecast")
    async with asking(vouchers(tmp_path, [other])) as http:
        after = (await http.get(shown, headers=holder)).json()
    assert before.pop("delivery")
    assert after == before


@in_loop
async def test_what_is_paid_when_its_product_has_left_the_catalog_has_its_receipt(tmp_path: Path) -> None:
    async with asking(vouchers(tmp_path)) as http:
        asked = await http.post("/api/weather/buy", json={"credits": 6})
    token = asked.headers[ASK].partition("token=")[2]
    without = Paywall(
        Settings(data_dir=str(tmp_path), rails="voucher", policy="none"),
        resources=[],
        rails=[VoucherRail({"code": 90}, 0)],
        dialects=[PlainDialect()],
    )
    async with asking(without) as http:
        paid = await http.post("/api/payments", headers={SHOW: f"{PAYER} code {token}"})
        assert paid.status_code == 200
        left = await http.get("/api/credits", headers={"Authorization": f"Bearer {paid.json()['ours']}"})
    assert (left.status_code, left.json()["available"]) == (200, 6)
