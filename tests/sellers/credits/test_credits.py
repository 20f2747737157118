"""Credits through the routes, on both databases: what was bought is what can be used, whatever goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from paywall.database.engine import Transaction
from paywall.products.images.maker import Picture, Subject
from paywall.products.images.settings import ImageSettings
from tests.support.world.image_maker import FAILING, REFUSED, SLOW, PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.seller import Payer, Seller, Selling

EXPLODING = "a bomb"


class Maker(PlainMaker):
    """Also fails in a way that no maker should."""

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        if subject.text == EXPLODING:
            raise RuntimeError("boom")
        return await super().make(subject, redemption_id=redemption_id, safety_identifier=safety_identifier)


def codes(answers: Iterable[httpx.Response]) -> Counter[str]:
    """How often each problem code came; "ok" counts successes."""
    return Counter("ok" if answer.status_code == 200 else answer.json()["code"] for answer in answers)


async def buckets(seller: Seller, payer: Payer, receipt: str) -> dict[str, int]:
    """What is not empty."""
    headers = payer.headers(receipt, "/api/credits", "GET")
    told = (await seller.http.get("/api/credits", headers=headers)).json()
    return {name: told[name] for name in ("available", "reserved", "captured", "expired") if told[name]}


async def sql(seller: Seller, statement: str) -> None:
    def function(tx: Transaction) -> None:
        tx.connection.execute(text(statement))

    await seller.parts.database.transact(function)


async def count(seller: Seller, table: str) -> int:
    def function(tx: Transaction) -> int:
        return int(tx.connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    return await seller.parts.database.read(function)


@pytest.mark.parametrize(("redeemers", "credits"), [(32, 10), (256, 100)])
@in_loop
async def test_redeemers_at_once_take_exactly_what_was_bought(
    selling: Selling, redeemers: int, credits: int
) -> None:
    maker = PlainMaker()
    async with selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(credits)
        answers = await asyncio.gather(*(payer.generate(receipt) for _ in range(redeemers)))
        assert codes(answers) == {"ok": credits, "credits_exhausted": redeemers - credits}
        assert {a.status_code for a in answers} == {200, 402}
        assert maker.made == await count(seller, "burn") == credits
        left = [a.json()["credits_remaining"] for a in answers if a.status_code == 200]
        assert sorted(left) == list(range(credits))
        assert await buckets(seller, payer, receipt) == {"captured": credits}


@in_loop
async def test_one_key_from_twenty_at_once_has_one_effect_and_one_answer(selling: Selling) -> None:
    maker = PlainMaker()
    async with selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(3)
        body = {"name": "Abraham Lincoln"}
        answers = await asyncio.gather(*(payer.generate(receipt, body, "one") for _ in range(20)))
        assert set(codes(answers)) <= {"ok", "redemption_in_progress"}
        assert all(a.headers["retry-after"] for a in answers if a.status_code == 409)
        again = await payer.generate(receipt, body, "one")
        told = {a.json()["redemption_id"] for a in (*answers, again) if a.status_code == 200}
        pictures = {a.json()["image"]["url"] for a in (*answers, again) if a.status_code == 200}
        assert (len(told), len(pictures), maker.made) == (1, 1, 1)
        assert await buckets(seller, payer, receipt) == {"available": 2, "captured": 1}
        assert again.headers["idempotent-replayed"] == "true"
        made = await payer.generate(receipt, body, "two")
        assert "idempotent-replayed" not in made.headers
        other = await payer.generate(receipt, {"name": "James K. Polk"}, "one")
        assert codes([other]) == {"idempotency_key_reused": 1}
        assert {other.json()["redemption_id"]} == told


FAILURES = {
    "the prompt is refused": (REFUSED, 422, "prompt_refused"),
    "the maker fails": (FAILING, 502, "image_maker_failed"),
    "the maker hangs": (SLOW, 502, "image_maker_failed"),
    "the maker has a bug": (EXPLODING, 502, "image_maker_failed"),
}


@pytest.mark.parametrize(("prompt", "status", "code"), FAILURES.values(), ids=FAILURES)
@in_loop
async def test_a_failed_image_releases_the_credit(
    selling: Selling, prompt: str, status: int, code: str
) -> None:
    async with selling(maker=Maker(), room_settings=(ImageSettings(image_seconds=1),)) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(1)
        failed = await payer.generate(receipt, {"prompt": prompt}, "key")
        assert (failed.status_code, failed.json()["code"]) == (status, code)
        assert "boom" not in failed.text
        assert await buckets(seller, payer, receipt) == {"available": 1}
        assert await count(seller, "burn") == 0
        again = await payer.generate(receipt, {"prompt": prompt}, "key")
        assert (again.status_code, again.json()["code"]) == (status, code)
        assert codes([await payer.generate(receipt, {"prompt": "a cat"})]) == {"ok": 1}
        assert await buckets(seller, payer, receipt) == {"captured": 1}


async def start_slow(payer: Payer, receipt: str, maker: PlainMaker) -> "asyncio.Task[httpx.Response]":
    """A redemption under the key "slow", whose image is being made."""
    started = asyncio.create_task(payer.generate(receipt, {"prompt": SLOW}, "slow"))
    await maker.started.wait()
    return started


async def finished(seller: Seller) -> None:
    """Until no redemption is under way, whether its client waits for it or not."""
    waiting: set[Awaitable[Any]] = set(seller.parts.redeeming._running)
    await asyncio.gather(*waiting, return_exceptions=True)


@in_loop
async def test_a_client_that_went_away_gets_its_result_by_repeating_the_key(selling: Selling) -> None:
    maker = PlainMaker()
    async with selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(2)
        client = await start_slow(payer, receipt, maker)
        client.cancel()
        with pytest.raises(asyncio.CancelledError):
            await client
        meanwhile = await payer.generate(receipt, {"prompt": SLOW}, "slow")
        assert codes([meanwhile]) == {"redemption_in_progress": 1}
        maker.released.set()
        await finished(seller)
        answer = await payer.generate(receipt, {"prompt": SLOW}, "slow")
        assert codes([answer]) == {"ok": 1}
        assert answer.json()["redemption_id"] == meanwhile.json()["redemption_id"]
        assert maker.made == 1
        assert await buckets(seller, payer, receipt) == {"available": 1, "captured": 1}


@in_loop
async def test_an_image_that_comes_after_the_sweep_takes_no_credit(selling: Selling) -> None:
    maker = PlainMaker()
    async with selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(1)
        client = await start_slow(payer, receipt, maker)
        assert await seller.parts.worker._sweeping.sweep() == 0
        await sql(seller, "UPDATE redemption SET deadline = 1")
        assert await seller.parts.worker._sweeping.sweep() == 1
        assert await buckets(seller, payer, receipt) == {"available": 1}
        maker.released.set()
        assert codes([await client]) == {"image_maker_failed": 1}
        assert await buckets(seller, payer, receipt) == {"available": 1}
        assert await count(seller, "burn") == 0
        assert codes([await payer.generate(receipt, {"prompt": SLOW}, "slow")]) == {"ok": 1}
        assert await buckets(seller, payer, receipt) == {"captured": 1}


@in_loop
async def test_the_late_image_of_a_first_attempt_does_not_finish_the_second(selling: Selling) -> None:
    maker = PlainMaker()
    async with selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(2)
        first = await start_slow(payer, receipt, maker)
        await sql(seller, "UPDATE redemption SET deadline = 1")
        await seller.parts.worker._sweeping.sweep()
        maker.started.clear()
        second = await start_slow(payer, receipt, maker)
        assert await buckets(seller, payer, receipt) == {"available": 1, "reserved": 1}
        maker.released.set()
        assert codes(await asyncio.gather(first, second)) == {"image_maker_failed": 1, "ok": 1}
        assert await buckets(seller, payer, receipt) == {"available": 1, "captured": 1}
        assert await count(seller, "burn") == 1


@in_loop
async def test_credits_past_their_end_expire_and_cannot_be_used(selling: Selling) -> None:
    async with selling(maker=PlainMaker()) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(3)
        assert codes([await payer.generate(receipt)]) == {"ok": 1}
        await sql(seller, "UPDATE credit_account SET expires_at = 1")
        late = await payer.generate(receipt)
        assert (late.status_code, late.json()["code"]) == (402, "credits_exhausted")
        await seller.parts.worker._expiring.step()
        assert await buckets(seller, payer, receipt) == {"captured": 1, "expired": 2}


@in_loop
async def test_a_seller_that_stops_finishes_what_was_reserved(selling: Selling) -> None:
    maker = PlainMaker()
    async with selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(2)
        client = await start_slow(payer, receipt, maker)
        stopping = asyncio.create_task(seller.parts.redeeming.drain())
        await asyncio.sleep(0)
        assert codes([await payer.generate(receipt)]) == {"unavailable": 1}
        maker.released.set()
        await stopping
        assert codes([await client]) == {"ok": 1}
        assert await buckets(seller, payer, receipt) == {"available": 1, "captured": 1}
