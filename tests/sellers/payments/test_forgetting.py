"""Unpaid payment requests go some time after their expiry, on both databases; money that comes later is kept."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from paywall import clock
from paywall.database.engine import Database, Transaction
from paywall.payments.forgetting import STEP, Forgetting
from paywall.sales.store import Insert
from tests.support.world.loop import in_loop
from tests.support.world.sales import stored_request
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import Seller, Selling
from tests.support.world.settling import request_of, status

HOUR = 3600
KEPT = 72 * HOUR


async def forget(seller: Seller, *, ahead: int, through: Any = None) -> int:
    """What the worker does so many seconds from now, by way of another database where one is named."""
    database = through or seller.parts.database
    later = Forgetting(database=database, clock=lambda: clock.unix_now() + ahead, kept=KEPT)
    return await later.step()


class Steps:
    """A database, and what each transaction on it came to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.came_to: list[int] = []

    async def transact(self, work: Callable[[Transaction], int]) -> int:
        self.came_to.append(await self._database.transact(work))
        return self.came_to[-1]


async def states(seller: Seller) -> list[str]:
    query = "SELECT state FROM payment_request ORDER BY created_at, id"
    return await seller.parts.database.read(lambda tx: list(tx.connection.execute(text(query)).scalars()))


@in_loop
async def test_what_nobody_paid_is_forgotten_after_its_time_and_nothing_else(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        assert (await payer.pay(await payer.buy(3))).status_code == 200
        settling = await payer.buy(2)
        raw = (await payer.build(settling)).raw
        assert (await seller.claim(payer.claim(settling, raw=raw))).status_code == 202
        await payer.buy(1)
        assert await forget(seller, ahead=KEPT + 800) == 0
        assert await states(seller) == ["paid", "settling", "open"]
        assert await forget(seller, ahead=KEPT + 1000) == 1
        assert await states(seller) == ["paid", "settling"]


@in_loop
async def test_however_many_there_are_they_go_in_small_steps(selling: Selling) -> None:
    async with selling() as seller:

        def flood(tx: Transaction) -> None:
            for n in range(2 * STEP + 7):
                Insert().one(tx, stored_request(f"request {n}", "a token", expires_at=n))

        await seller.parts.database.transact(flood)
        steps = Steps(seller.parts.database)
        assert await forget(seller, ahead=0, through=steps) == 2 * STEP + 7
        assert steps.came_to == [STEP, STEP, 7] * 2  # the requests, and the terms of each
        assert await states(seller) == []


@in_loop
async def test_money_for_a_forgotten_request_is_kept_for_a_person_and_opens_nothing(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        await seller.parts.chain.submit(built.raw)
        seller.devnet.blocks()
        assert await forget(seller, ahead=KEPT + 1000) == 1
        claims = seller.parts.settlement._claims
        claims._clock = lambda: clock.unix_now() + KEPT + 1000
        for _ in range(2):
            check_problem(await seller.claim(payer.claim(token, tx_hash=built.id)), 409, "paid_late")
        claims._clock = clock.unix_now
        check_problem(await seller.claim(payer.claim(token, tx_hash=built.id)), 409, "paid_late")
        query = "SELECT external_id, state, reason FROM payment"
        kept = await seller.parts.database.read(lambda tx: tx.connection.execute(text(query)).all())
        assert [tuple(row) for row in kept] == [(built.id, "surplus", "paid_late")]
        assert (await status(seller, payer, request_of(seller, token)))["state"] == "expired"
        assert await forget(seller, ahead=2 * KEPT) == 0


@in_loop
async def test_money_for_a_request_that_is_forgotten_while_it_is_claimed_is_kept(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        await seller.parts.chain.submit(built.raw)
        seller.devnet.blocks()
        rail: Any = next(iter(seller.parts._adapters.rails))
        chain = rail._chain

        class Slow:
            def __getattr__(self, name: str) -> Any:
                return getattr(chain, name)

            async def inclusion(self, tx_hash: str) -> Any:
                await forget(seller, ahead=KEPT + 1000)
                return await chain.inclusion(tx_hash)

        rail._chain = Slow()
        check_problem(await seller.claim(payer.claim(token, tx_hash=built.id)), 409, "paid_late")
        rail._chain = chain
        query = "SELECT external_id, state, reason FROM payment"
        kept = await seller.parts.database.read(lambda tx: tx.connection.execute(text(query)).all())
        assert [tuple(row) for row in kept] == [(built.id, "surplus", "paid_late")]


@in_loop
async def test_bytes_that_landed_in_time_pay_when_they_are_shown_late(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built, other = await payer.build(token), (await payer.build(token, lovelace=7_000_000)).raw
        await seller.parts.chain.submit(built.raw)
        seller.devnet.blocks()
        rail: Any = next(iter(seller.parts._adapters.rails))
        claims = seller.parts.settlement._claims
        rail._clock = claims._clock = lambda: clock.unix_now() + 1000
        late = await seller.claim(payer.claim(token, raw=other))
        check_problem(late, 409, "payment_request_expired")
        assert (await seller.claim(payer.claim(token, raw=built.raw))).status_code == 200


@in_loop
async def test_a_forgotten_request_that_nobody_paid_cannot_be_paid_by_bytes(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        raw = (await payer.build(token)).raw
        assert await forget(seller, ahead=KEPT + 1000) == 1
        check_problem(await seller.claim(payer.claim(token, raw=raw)), 401, "claim_invalid")
        assert seller.devnet.mempool() == []
        assert await states(seller) == []
