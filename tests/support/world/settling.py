"""How payments stand, and a seller that dies while it takes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import text

from shared.tokens.prt import verify
from tests.support.hostile.crashes import Crashes
from tests.support.world.seller import Payer, Seller


async def status(seller: Seller, payer: Payer, request_id: str) -> dict[str, Any]:
    """As the payer sees it."""
    path = f"/api/payments/{request_id}"
    headers = {"DPoP": payer.proof("GET", path)}
    return dict((await seller.http.get(path, headers=headers)).json())


def request_of(seller: Seller, token: str) -> str:
    return verify(token, seller.keys, issuer=seller.did, now=None).id


@contextmanager
def dying(seller: Seller, crashes: Crashes) -> Iterator[None]:
    """The calls of claims and settling to database and chain may crash; after the block they are healed."""
    settlement: Any = seller.parts.worker._settlement
    rail: Any = settlement._rails["cardano"]
    places = [(settlement, "_database"), (settlement._claims, "_database"), (rail, "_chain")]
    healthy = [getattr(place, name) for place, name in places]
    for (place, name), value in zip(places, healthy, strict=True):
        setattr(place, name, crashes.wrap(value))
    yield
    for (place, name), value in zip(places, healthy, strict=True):
        setattr(place, name, value)


async def granted(seller: Seller) -> list[int]:
    """What every account was opened with."""
    return await seller.parts.database.read(
        lambda tx: list(tx.connection.execute(text("SELECT granted FROM credit_account")).scalars())
    )


async def work(seller: Seller) -> None:
    """The worker takes up what is settling."""
    await seller.parts.worker._settle()


def is_settling(answer: httpx.Response) -> bool:
    return answer.status_code == 202 and answer.json()["state"] == "settling"
