"""A seller that stops waits for every use that it has admitted, however far that is; on both databases."""

import asyncio
from collections.abc import Callable

import pytest

from paywall import clock
from paywall.burns.backlog import Backlog
from paywall.credits import store
from paywall.database.engine import Database, GroupFn, Item, Provisional, Result
from paywall.errors import BurnBacklogFull, StorageUnavailable, Unavailable
from paywall.redemptions.redeeming import Redeemed, Redeeming
from paywall.redemptions.resource import Resource
from tests.bench.servers.noop import MemoryDeliveries
from tests.support.outside.resource import Weather
from tests.support.world.accounts import open_accounts
from tests.support.world.echo import Echo
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import PRODUCT, wanted

ACCOUNT = "urn:uuid:account"
#: a hang is to be told as one
SECONDS = 20
DOCUMENT = '{"prompt":"a cat","town":"Oslo"}'
RESOURCES: dict[str, Callable[[], Resource]] = {
    "quick": lambda: Resource("echo", PRODUCT, "/api/echo", Echo()),
    "in steps": lambda: Resource("weather", PRODUCT, "/api/weather", Weather(), MemoryDeliveries()),
}


class Gate:
    """Before the database: what is asked of it waits, and what it did may be left unanswered."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ask = database.transact_in_group
        self.came, self.open = asyncio.Event(), asyncio.Event()
        #: the function whose work is done, and not told
        self.unanswered: object = None
        self._begin = database.provisionally
        monkeypatch.setattr(database, "transact_in_group", self._pass)
        monkeypatch.setattr(database, "provisionally", self._pass_early)

    async def _pass(self, fn: GroupFn[Item, Result], item: Item) -> Result:
        self.came.set()
        await self.open.wait()
        done = await self._ask(fn, item)
        if fn is self.unanswered:
            raise StorageUnavailable
        return done

    async def _pass_early(self, fn: GroupFn[Item, Result], item: Item) -> Provisional[Result]:
        self.came.set()
        await self.open.wait()
        return await self._begin(fn, item)


class Shop:
    """One account of `credits`, and a resource."""

    def __init__(self, database: Database, resource: Resource, backlog: int) -> None:
        self.database, self.resource = database, resource
        self.redeeming = Redeeming(
            database=database,
            clock=clock.unix_now,
            references=clock.new_reference,
            salts=lambda: b"s" * 16,
            backlog=Backlog(backlog),
        )

    async def use(self, key: str = "key") -> Redeemed:
        asked = wanted(clock.new_id(), ACCOUNT, key, document=DOCUMENT, resource=self.resource.id)
        return await self.redeeming.redeem(self.resource, asked, user="u" * 64)

    def begin(self, key: str = "key") -> "asyncio.Task[Redeemed]":
        return asyncio.create_task(self.use(key))

    async def buckets(self) -> dict[str, int]:
        balance = await self.database.read(lambda tx: store.balance(tx, ACCOUNT))
        assert balance is not None
        return {name: credits for name, credits in balance.buckets().items() if credits}


@pytest.fixture(params=RESOURCES)
def resource(request: pytest.FixtureRequest) -> Resource:
    return RESOURCES[request.param]()


async def opened(database: Database, resource: Resource, *, credits: int = 3, backlog: int = 100) -> Shop:
    now = clock.unix_now()
    await database.transact(lambda tx: open_accounts(tx, [ACCOUNT], credits, now=now, expires_at=now + 1000))
    return Shop(database, resource, backlog)


@in_loop
async def test_a_use_that_is_still_at_the_database_is_waited_for(
    database: Database, resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, gate = await opened(database, resource), Gate(database, monkeypatch)
    uses = [shop.begin(f"key {n}") for n in range(2)]
    await gate.came.wait()
    stopping = asyncio.create_task(shop.redeeming.drain())
    await asyncio.sleep(0)  # it stops
    assert not stopping.done()
    with pytest.raises(Unavailable, match="shutting down"):
        await shop.use("late")
    gate.open.set()
    async with asyncio.timeout(SECONDS):
        await stopping
    assert all(one.done() for one in uses), "nothing is cut when the database closes now"
    assert await shop.buckets() == {"granted": 3, "available": 1, "captured": 2}


@in_loop
async def test_a_use_whose_client_goes_away_while_it_is_reserved_is_finished(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, gate = await opened(database, RESOURCES["in steps"]()), Gate(database, monkeypatch)
    use = shop.begin()
    await gate.came.wait()
    use.cancel()
    gate.open.set()
    async with asyncio.timeout(SECONDS):
        await shop.redeeming.drain()
    assert use.cancelled()
    assert await shop.buckets() == {"granted": 3, "available": 2, "captured": 1}


@in_loop
async def test_draining_ends_at_once_when_nothing_is_under_way_and_may_be_asked_for_again(
    database: Database, resource: Resource
) -> None:
    shop = await opened(database, resource)
    await shop.use()
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(shop.redeeming.drain(), shop.redeeming.drain())
        await shop.redeeming.drain()


async def full(shop: Shop) -> bool:
    try:
        await shop.use("one more")
    except BurnBacklogFull:
        return True
    return False


@in_loop
async def test_a_burn_that_nobody_was_told_of_counts_for_the_backlog(
    database: Database, resource: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to its commit was lost."""
    shop, gate = await opened(database, resource, backlog=1), Gate(database, monkeypatch)
    gate.open.set()
    gate.unanswered = shop.redeeming._quick if resource.quick else shop.redeeming._capture
    with pytest.raises(StorageUnavailable):
        await shop.use()
    gate.unanswered = None
    assert await shop.buckets() == {"granted": 3, "available": 2, "captured": 1}
    assert await full(shop)


@in_loop
async def test_a_quick_use_whose_client_goes_away_counts_for_the_backlog(database: Database) -> None:
    shop = await opened(database, RESOURCES["quick"](), backlog=1)
    use = shop.begin()
    await asyncio.sleep(0)  # it is asked for
    use.cancel()
    await asyncio.wait([use])
    assert use.cancelled()
    assert await full(shop)
    assert await shop.buckets() == {"granted": 3, "available": 2, "captured": 1}
