"""A resource that is quick: reserved and captured in one commit, on both databases with one effect for each key."""

import asyncio
import hashlib
from collections import Counter

import pytest
from sqlalchemy import text

from paywall.burns.backlog import Backlog
from paywall.clock import new_id, new_reference, unix_now
from paywall.credits import store
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    CreditsExhausted,
    PaywallError,
    RedemptionInProgress,
)
from paywall.redemptions.reading import Reading
from paywall.redemptions.redeeming import Redeemed, Redeeming
from paywall.redemptions.resource import Resource
from tests.bench.servers.noop import MemoryDeliveries
from tests.support.outside.resource import Weather
from tests.support.world.accounts import open_accounts
from tests.support.world.echo import Echo
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import PRODUCT, wanted

ACCOUNT = "urn:uuid:account"


class Shop:
    """One account of `credits`, and a quick resource."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.echo = Echo()
        self.resource = Resource("echo", PRODUCT, "/api/echo", self.echo)
        self.redeeming = Redeeming(
            database=database,
            clock=unix_now,
            references=new_reference,
            salts=lambda: b"s" * 16,
            backlog=Backlog(10_000),
        )

    async def open(self, credits: int) -> "Shop":
        now = unix_now()
        await self.database.transact(
            lambda tx: open_accounts(tx, [ACCOUNT], credits, now=now, expires_at=now + 1000)
        )
        return self

    async def use(self, key: str, prompt: str = "a cat") -> Redeemed:
        document = f'{{"prompt":"{prompt}"}}'
        asked = wanted(new_id(), ACCOUNT, key, document=document, resource="echo")
        return await self.redeeming.redeem(self.resource, asked, user="u" * 64)

    async def told(self, key: str, prompt: str = "a cat") -> str:
        try:
            return (await self.use(key, prompt)).redemption_id
        except PaywallError as error:
            return error.code

    async def buckets(self) -> dict[str, int]:
        balance = await self.database.read(lambda tx: store.balance(tx, ACCOUNT))
        assert balance is not None
        return {name: credits for name, credits in balance.buckets().items() if credits}

    async def count(self, table: str) -> int:
        def read(tx: Transaction) -> int:
            return int(tx.connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

        return await self.database.read(read)


@in_loop
async def test_many_at_once_get_what_there_is_and_no_more(database: Database) -> None:
    shop = await Shop(database).open(20)
    told = await asyncio.gather(*(shop.told(f"key {n}") for n in range(30)))
    assert Counter(told)["credits_exhausted"] == 10
    assert len(set(told)) == 21
    assert await shop.buckets() == {"granted": 20, "captured": 20}
    assert (await shop.count("burn"), await shop.count("posting")) == (20, 21)


@in_loop
async def test_one_key_has_one_effect_however_often_it_comes_at_once(database: Database) -> None:
    shop = await Shop(database).open(5)
    told = await asyncio.gather(*(shop.told("the key") for _ in range(10)))
    ids = set(told) - {RedemptionInProgress.code}
    assert len(ids) == 1
    assert {await shop.told("the key")} == ids
    assert await shop.buckets() == {"granted": 5, "available": 4, "captured": 1}
    assert [await shop.count(table) for table in ("burn", "redemption")] == [1, 1]


@in_loop
async def test_what_fails_gives_its_credit_back_and_what_is_refused_stays_so(database: Database) -> None:
    shop = await Shop(database).open(5)
    prompts = ["fails", "refused", "a cat", "fails", "a dog"]
    told = await asyncio.gather(*(shop.told(f"key {n}", prompt) for n, prompt in enumerate(prompts)))
    assert [told[0], told[1], told[3]] == ["fulfilment_failed", "fulfilment_refused", "fulfilment_failed"]
    assert await shop.buckets() == {"granted": 5, "available": 3, "captured": 2}
    assert await shop.told("key 1", "refused") == "fulfilment_refused"


@in_loop
async def test_a_repeat_of_what_was_delivered_is_answered_from_the_record(database: Database) -> None:
    shop = await Shop(database).open(1)
    first = await shop.use("the key")
    again = await shop.use("the key")
    assert (again.redemption_id, again.body, again.credits_remaining) == (first.redemption_id, b"a cat", 0)
    with pytest.raises(CreditsExhausted):
        await shop.use("another")


@in_loop
async def test_a_use_is_one_commit_with_its_delivery_and_its_burn(database: Database) -> None:
    shop = await Shop(database).open(2)
    for table in ("burn", "redemption"):
        assert await shop.count(table) == 0
    used = await shop.use("the key")
    assert [await shop.count(table) for table in ("burn", "redemption")] == [1, 1]
    reading = Reading(database)
    assert await reading.delivery(shop.resource, used.delivery.reference) == (
        b"a cat",
        "text/plain",
        hashlib.sha256(b"a cat").hexdigest(),
    )


def test_a_resource_keeps_its_deliveries_in_one_place() -> None:
    with pytest.raises(ValueError, match="at once"):
        Resource("echo", PRODUCT, "/api/echo", Echo(), MemoryDeliveries())
    with pytest.raises(ValueError, match="at once"):
        Resource("weather", PRODUCT, "/api/weather", Weather())
