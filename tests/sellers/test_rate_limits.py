"""Too fast is 429, for the client who is and for nobody else, in one process or in several."""

import asyncio
from contextlib import closing
from typing import Any

import httpx
import pytest

from paywall.database.engine import Database
from paywall.database.opening import open_database
from paywall.errors import TooManyRequests
from paywall.limits import store
from paywall.limits.buckets import MINUTE, interval
from paywall.limits.limiter import RateLimiter, asking
from paywall.limits.networks import Client
from paywall.limits.outside_calls import OutsideCalls
from paywall.limits.settings import CLAIMS, LOOKUPS, ORDERS, PER_MINUTE, LimitSettings
from paywall.web.edge.direct import DirectRoutes
from paywall.web.rate_limits import EXPENSIVE
from tests.support.world.loop import in_loop
from tests.support.world.seller import BASE, Seller, Selling

BUY, USE = "/api/images/buy", "/api/images/generate"
UUID = "01a00000-0000-7000-8000-000000000000"
NOW = 1_800_000_000_000_000
STRANGER = Client("198.51.100.7", local=False)


def at(seller: Seller, address: str) -> httpx.AsyncClient:
    """A client that calls from this address."""
    transport = httpx.ASGITransport(seller.parts.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url=BASE)


def refused(answer: httpx.Response) -> None:
    assert answer.status_code == 429, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.json()["code"], answer.json()["retryable"]) == ("too_many_requests", True)
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def count_requests(seller: Seller) -> int:
    query = "SELECT count(*) FROM payment_request"
    return await seller.parts.database.read(
        lambda tx: int(tx.connection.exec_driver_sql(query).scalar() or 0)
    )


@in_loop
async def test_payment_requests_are_counted_wherever_they_are_issued_and_a_refused_one_is_no_row(
    selling: Selling,
) -> None:
    limits = LimitSettings(orders_per_minute=4)
    async with selling(room_settings=(limits,)) as seller:
        for path, body in ((BUY, {"credits": 1}), (USE, {})) * 2:
            assert (await seller.http.post(path, json=body)).status_code == 402
        before = await count_requests(seller)
        for path, body in ((BUY, {"credits": 1}), (USE, {})):
            refused(await seller.http.post(path, json=body))
        assert await count_requests(seller) == before
        # What costs nothing, or is another kind, is as before; and so is another client.
        assert (await seller.http.post(BUY, json={"credits": 0})).status_code == 400
        assert (await seller.http.get("/api/catalog")).status_code == 200
        assert (await seller.http.get(f"/api/payments/{UUID}")).status_code == 404
        async with at(seller, "127.0.0.2") as other:
            assert (await other.post(BUY, json={"credits": 1})).status_code == 402


@in_loop
async def test_who_has_paid_is_served_though_he_asked_too_often_for_more(selling: Selling) -> None:
    async with selling(room_settings=(LimitSettings(orders_per_minute=1),)) as seller:
        payer = await asyncio.to_thread(seller.payer)
        receipt = await payer.receipt(2)
        refused(await seller.http.post(USE, json={}))
        assert (await payer.generate(receipt)).status_code == 200
        assert (await payer.generate(receipt)).status_code == 200
        refused(await payer.generate(receipt))  # instead of a fresh 402


@pytest.mark.parametrize(
    ("kind", "method", "path", "status"),
    [
        (CLAIMS, "POST", "/api/payments", 400),
        (LOOKUPS, "GET", f"/api/payments/{UUID}", 404),
        (LOOKUPS, "GET", f"/api/redemptions/{UUID}", 404),
        (LOOKUPS, "GET", f"/api/burns/{'0' * 64}", 404),
        (LOOKUPS, "HEAD", f"/api/burns/{'0' * 64}", 404),
    ],
)
@in_loop
async def test_claims_and_looks_are_counted(
    selling: Selling, kind: str, method: str, path: str, status: int
) -> None:
    figures: dict[str, Any] = {f"{kind}_per_minute": 3}
    async with selling(room_settings=(LimitSettings(**figures),)) as seller:
        statuses = [(await seller.http.request(method, path)).status_code for _ in range(4)]
    assert statuses == [status] * 3 + [429]


@pytest.mark.parametrize(("path", "status"), [(BUY, 400), (USE, 402)])
@in_loop
async def test_a_limit_on_what_is_sold_or_used_counts_on_the_direct_way_and_through_the_layers(
    selling: Selling, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    """There is none today."""
    monkeypatch.setitem(EXPENSIVE, path, CLAIMS)
    async with selling(room_settings=(LimitSettings(claims_per_minute=4),)) as seller:
        app = seller.parts.app
        assert isinstance(app, DirectRoutes)
        layered = httpx.AsyncClient(transport=httpx.ASGITransport(app._app), base_url=BASE)
        async with layered:
            for http in (seller.http, layered) * 2:
                assert (await http.post(path)).status_code == status
            for http in (seller.http, layered):
                refused(await http.post(path))
            assert (await layered.get(path)).status_code == 405, "the route is the one that it was"


@in_loop
async def test_strangers_are_limited_by_default_an_ipv6_one_by_its_64_and_loopback_is_not(
    selling: Selling,
) -> None:
    async with selling() as seller:
        for address, other in (("198.51.100.7", "198.51.100.8"), ("2001:db8::1", "2001:db8:0:1::1")):
            async with at(seller, address) as client, at(seller, other) as neighbour:
                assert await until_refused(client) >= PER_MINUTE[ORDERS]
                assert (await neighbour.post(USE)).status_code == 402
        async with at(seller, "2001:db8::ffff:2") as same:
            assert await until_refused(same) < PER_MINUTE[ORDERS]
        asked = [await seller.http.post(USE) for _ in range(2 * PER_MINUTE[ORDERS])]
        assert {answer.status_code for answer in asked} == {402}


async def until_refused(client: httpx.AsyncClient) -> int:
    """How many payment requests it got; some come back while it asks."""
    count = 0
    while (answer := await client.post(USE)).status_code == 402:
        count += 1
    refused(answer)
    return count


@in_loop
async def test_who_stands_behind_a_trusted_proxy_is_counted_by_himself_and_nobody_can_pose_as_another(
    selling: Selling,
) -> None:
    limits = LimitSettings(trusted_proxies="10.0.0.1", orders_per_minute=1)
    async with (
        selling(room_settings=(limits,)) as seller,
        at(seller, "10.0.0.1") as proxy,
        at(seller, "10.0.0.2") as stranger,
    ):
        for client in ("198.51.100.7", "198.51.100.8"):
            told = {"X-Forwarded-For": f"192.0.2.{client[-1]}, {client}"}
            assert (await proxy.post(USE, headers=told)).status_code == 402
            refused(await proxy.post(USE, headers={"X-Forwarded-For": f"203.0.113.9, {client}"}))
        assert (await stranger.post(USE, headers={"X-Forwarded-For": "192.0.2.1"})).status_code == 402
        refused(await stranger.post(USE, headers={"X-Forwarded-For": "192.0.2.2"}))


@in_loop
async def test_several_processes_over_one_postgresql_let_no_more_through_than_one(postgres_url: str) -> None:
    limits = LimitSettings(orders_per_minute=30)

    async def taken(limiter: RateLimiter) -> bool:
        asking.set(STRANGER)
        try:
            await limiter.take(ORDERS)
        except TooManyRequests:
            return False
        return True

    with closing(open_database(postgres_url)) as one, closing(open_database(postgres_url)) as other:
        limiters = [RateLimiter(limits, database, lambda: NOW) for database in (one, other)]
        tries = [asyncio.create_task(taken(limiter)) for limiter in limiters for _ in range(25)]
        assert sum(await asyncio.gather(*tries)) == 30
        for limiter in limiters:
            assert not await taken(limiter)
        later = RateLimiter(limits, other, lambda: NOW + 2_000_000)
        assert await asyncio.create_task(taken(later))
        assert not await asyncio.create_task(taken(later))


@in_loop
async def test_what_nobody_fills_any_more_is_forgotten(postgres_url: str) -> None:
    now = NOW

    def rows(database: Database) -> Any:
        query = "SELECT client FROM rate ORDER BY client"
        return database.read(lambda tx: list(tx.connection.exec_driver_sql(query).scalars()))

    with closing(open_database(postgres_url)) as database:
        limiter = RateLimiter(LimitSettings(), database, lambda: now)
        for address in ("192.0.2.1", "192.0.2.2"):
            asking.set(Client(address, local=False))
            await limiter.take(ORDERS)
        assert await rows(database) == ["192.0.2.1", "192.0.2.2"]
        now += MINUTE
        await limiter.take(ORDERS)
        assert await rows(database) == ["192.0.2.2"]


@in_loop
async def test_the_shared_count_is_the_same_on_both_databases(database: Database) -> None:
    step = interval(2)
    taken = [await database.transact(lambda tx: store.take(tx, ("a", ORDERS), NOW, step)) for _ in range(3)]
    assert taken == [(True, NOW + step), (True, NOW + MINUTE), (False, NOW + MINUTE)]
    again = await database.transact(lambda tx: store.take(tx, ("a", ORDERS), NOW + step, step))
    assert again == (True, NOW + MINUTE + step)
    later = NOW + 10 * MINUTE
    assert await database.transact(lambda tx: store.take(tx, ("a", ORDERS), later, step)) == (
        True,
        later + step,
    )
    await database.transact(lambda tx: store.forget(tx, later + MINUTE))
    assert await database.transact(lambda tx: store.take(tx, ("a", ORDERS), NOW, step)) == (True, NOW + step)


def test_questions_to_the_chain_are_counted_for_each_client_and_for_all_of_them() -> None:
    calls = OutsideCalls(
        LimitSettings(chain_calls_per_minute=2, chain_calls_of_all_per_minute=3), lambda: NOW
    )
    calls.count()  # the worker's own
    token = asking.set(STRANGER)
    try:
        calls.count()
        calls.count()
        with pytest.raises(TooManyRequests):
            calls.count()
        asking.set(Client("203.0.113.9", local=False))
        calls.count()
        with pytest.raises(TooManyRequests):
            calls.count()
    finally:
        asking.reset(token)
    calls.count()


@in_loop
async def test_claims_that_make_us_ask_the_chain_too_often_are_429_and_the_next_client_is_heard(
    selling: Selling,
) -> None:
    limits = LimitSettings(chain_calls_per_minute=8)
    async with selling(room_settings=(limits,)) as seller:
        payer = seller.payer()
        token = await payer.buy(1)
        junk = payer.claim(token, tx_hash="ab" * 32)
        answers = [await seller.claim(junk) for _ in range(9)]
        assert answers[0].json()["code"] == "payment_pending"
        refused(answers[-1])
        async with at(seller, STRANGER.network) as other:
            heard = await other.post("/api/payments", json={"payload": junk})
            assert heard.status_code != 429
