"""Strangers at the edge: who asks too often, stays too long, asks for more than there is, or looks at others' uses."""

import asyncio

import httpx

from tests.chaos.shopper import Shopper
from tests.chaos.stories.stage import Stage, Story

ORDERS, ORDERS_A_MINUTE = 30, 10
CONNECTIONS, ALLOWED = 40, 10


async def _too_many_orders(stage: Stage) -> None:
    await stage.open(PAYWALL_ORDERS_PER_MINUTE=str(ORDERS_A_MINUTE))
    shopper = Shopper(stage.devnet, stage.url)
    told = [await shopper.ask("POST", "/api/images/buy", {"credits": 1}) for _ in range(ORDERS)]
    if not any(answer.status_code == 429 for answer in told):
        stage.broken.append(f"limits: {ORDERS} orders of one client were all answered")


async def _too_many_connections(stage: Stage) -> None:
    await stage.open(PAYWALL_CONNECTIONS_PER_ADDRESS=str(ALLOWED), PAYWALL_FIRST_BYTE_SECONDS="60")
    host, port = stage.url.removeprefix("http://").split(":")
    pairs = [await asyncio.open_connection(host, int(port)) for _ in range(CONNECTIONS)]
    cut = 0
    for reader, _ in pairs:
        try:
            async with asyncio.timeout(0.1):
                cut += await reader.read(1) == b""
        except TimeoutError:
            continue
        except OSError:
            cut += 1
    if cut < CONNECTIONS - ALLOWED:
        stage.broken.append(f"limits: {CONNECTIONS - cut} connections of one client stay open")
    for _, writer in pairs:
        writer.close()


async def _silence(stage: Stage) -> None:
    await stage.open(PAYWALL_FIRST_BYTE_SECONDS="1")
    host, port = stage.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(5):
            await reader.read()
    except TimeoutError:
        stage.broken.append("limits: who says nothing is waited for")
    writer.close()


async def _more_than_there_is(stage: Stage) -> None:
    await stage.open(PAYWALL_SUPPLY="2")
    shopper = Shopper(stage.devnet, stage.url)
    answer = await shopper.ask("POST", "/api/images/buy", {"credits": 3})
    if answer.status_code != 503:
        stage.broken.append(f"5: credits without tokens are for sale: {answer.status_code}")


async def _looks_at_anothers_use(stage: Stage) -> None:
    await stage.open()
    stage.buy()
    await stage.until(lambda: stage.count("redemption", "captured"), "a use")
    redemption_id = stage.first("SELECT id FROM redemption WHERE state = 'captured'")
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as http:
        told = await http.get(f"/api/redemptions/{redemption_id}")
    if "request" in told.json():
        stage.broken.append(f"privacy: a stranger sees what another asked for: {told.text[:500]}")


async def _too_long_a_head(stage: Stage) -> None:
    await stage.open()
    try:
        async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as http:
            status = (await http.get("/healthz", headers={"x-long": "x" * 100_000})).status_code
    except httpx.TransportError:
        return  # cut in the middle of its head
    if status != 431:
        stage.broken.append(f"limits: a head of 100 KB was read: {status}")


async def _unstorable(stage: Stage) -> None:
    await stage.open()
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False) as http:
        told = (await http.get("/api/redemptions/%00")).status_code
    if told != 400:
        stage.broken.append(
            f"storable: a NUL came to the store, which PostgreSQL answers with an error: {told}"
        )


STORIES: dict[str, Story] = {
    "a client orders too often": _too_many_orders,
    "a client opens too many connections": _too_many_connections,
    "a client says nothing": _silence,
    "more is asked for than there is": _more_than_there_is,
    "a stranger looks at another's use": _looks_at_anothers_use,
    "a client sends a head without end": _too_long_a_head,
    "a path holds what no store can": _unstorable,
}
