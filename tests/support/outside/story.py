"""Sells and buys with the four, in a process of its own: `python -m PACKAGE.story FOLDER` prints what came of it."""

import asyncio
import json
import sys
import time
from contextlib import closing
from pathlib import Path

import httpx

from buyer import Budget, BuyerClient, Wallet
from paywall import Paywall, Settings

from .dialect import ASK, SHOW, PlainDialect
from .payer import VoucherPayer
from .rail import VoucherRail
from .resource import PRODUCT, weather

BASE = "http://127.0.0.1:8402"
CODES = {"spring": 90, "summer": 90, "autumn": 60}


def shop(folder: Path) -> Paywall:
    settings = Settings(data_dir=str(folder), rails="voucher", policy="none")
    return Paywall(
        settings,
        resources=[weather(folder / "reports")],
        products=[PRODUCT],
        rails=[VoucherRail(CODES, int(time.time()))],
        dialects=[PlainDialect()],
    )


async def by_the_buyer(app: Paywall, folder: Path) -> dict[str, object]:
    """With our payer in the stock client."""
    with closing(Wallet.create(folder / "wallet.db")) as wallet:
        client = BuyerClient(
            BASE,
            wallet=wallet,
            budget=Budget(per_purchase="1.00 USD"),
            payers=[VoucherPayer(wallet.did, list(CODES))],
            transport=httpx.ASGITransport(app),
        )
        async with client:
            receipt = await client.buy(credits=9, product=PRODUCT.id)
            use = await client.redeem(receipt, {"town": "Bergen"})
            left = (await client.credits(receipt)).available
            return {"report": use.content.decode(), "media_type": use.media_type, "left": left}


async def by_hand(app: Paywall) -> dict[str, object]:
    """In our dialect alone."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as http:
        unpaid = await http.post("/api/weather/report", json={"town": "Oslo"})
        plainly = {"Accept": "text/x-plain-offer"}
        in_our_words = await http.post("/api/weather/report", json={"town": "Oslo"}, headers=plainly)
        asked = await http.post("/api/weather/buy", json={"credits": 6})
        token = asked.headers[ASK].partition("token=")[2]
        # A receipt that binds no holder wants a payer whose key signed the payment; ours vouches for itself.
        shown = {SHOW: f"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp autumn {token}"}
        paid = await http.post("/api/payments", headers=shown)
        bearer = {"Authorization": f"Bearer {paid.json()['ours']}"}
        used = await http.post("/api/weather/report", json={"town": "Oslo"}, headers=bearer)
        refused = await http.post("/api/weather/report", json={"town": "Atlantis"}, headers=bearer)
        again = await http.get(f"/api/redemptions/{used.headers['redemption-id']}", headers=bearer)
        return {
            "statuses": [asked.status_code, paid.status_code, used.status_code, refused.status_code],
            "unpaid": [unpaid.status_code, unpaid.headers[ASK].partition(";")[0]],
            "unpaid in our words": in_our_words.text.partition(";")[0],
            "report": used.text,
            "left": int(used.headers["credits-remaining"]),
            "refused": refused.json()["code"],
            "delivered": (await http.get(again.json()["delivery"]["url"])).text,
            "asked for": again.json()["request"],
            "burn": again.json()["burn"],
            "ready": (await http.get("/readyz")).json(),
        }


async def story(folder: Path) -> dict[str, object]:
    app = shop(folder / "shop")
    async with app.running():
        return {"buyer": await by_the_buyer(app, folder), "hand": await by_hand(app)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(story(Path(sys.argv[1])))))
