"""The lease of the wallet, on both databases: who has it, for how long, and what one that was lost still allows."""

import pytest

from paywall.burns.lease import LeaseHolder, LeaseLost, WalletLease
from paywall.database.engine import Database, Transaction
from tests.support.world.loop import in_loop
from tests.support.world.rows import names, write_hot, write_orm, writing

SECONDS = 15


class Wallet:
    """A wallet that processes share, and the clock that all of them read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 100

    def holder(self, name: str) -> LeaseHolder:
        return LeaseHolder(self.database, "wallet", name, clock=lambda: self.now, seconds=SECONDS)

    async def taken_by(self, name: str) -> WalletLease:
        lease = await self.holder(name).take()
        assert lease is not None
        return lease


@pytest.fixture
def wallet(database: Database) -> Wallet:
    return Wallet(database)


@in_loop
async def test_a_holder_that_takes_again_keeps_its_fence_and_gets_its_time_anew(wallet: Wallet) -> None:
    first = await wallet.taken_by("one")
    wallet.now += SECONDS - 5
    again = await wallet.taken_by("one")
    assert (first.fence, again.fence) == (1, 1)
    wallet.now += SECONDS
    assert await wallet.holder("other").take() is None
    assert await first.transact(writing(write_hot, "by the first of them")) == "by the first of them"


@in_loop
async def test_a_holder_that_dies_loses_the_wallet_when_its_lease_runs_out(wallet: Wallet) -> None:
    assert (await wallet.taken_by("one")).fence == 1
    wallet.now += SECONDS
    assert await wallet.holder("other").take() is None
    wallet.now += 1
    assert (await wallet.taken_by("other")).fence == 2
    assert await wallet.holder("one").take() is None


@in_loop
async def test_a_lease_that_ran_out_is_good_until_another_takes_it(wallet: Wallet) -> None:
    lease = await wallet.taken_by("one")
    wallet.now += 100 * SECONDS
    await lease.transact(writing(write_hot, "late"))
    assert await wallet.database.read(names) == {"late"}
    assert (await wallet.taken_by("one")).fence == lease.fence


@in_loop
async def test_once_another_took_the_wallet_the_old_lease_changes_nothing(wallet: Wallet) -> None:
    paused = await wallet.taken_by("paused")
    wallet.now += SECONDS + 1
    other = await wallet.taken_by("other")
    for write in (write_hot, write_orm):
        with pytest.raises(LeaseLost):
            await paused.transact(writing(write, "stale"))
    assert await wallet.database.read(names) == set()
    await other.transact(writing(write_hot, "fresh"))
    assert await wallet.database.read(names) == {"fresh"}


@in_loop
async def test_an_old_lease_is_lost_even_when_its_holder_has_the_wallet_again(wallet: Wallet) -> None:
    old = await wallet.taken_by("one")
    for name in ("other", "one"):
        wallet.now += SECONDS + 1
        new = await wallet.taken_by(name)
    assert (new.holder, new.fence) == ("one", 3)
    with pytest.raises(LeaseLost):
        await old.transact(writing(write_hot, "stale"))
    await new.transact(writing(write_hot, "fresh"))


@in_loop
async def test_what_is_given_back_can_be_taken_at_once_and_the_fence_rises(wallet: Wallet) -> None:
    given = await wallet.taken_by("one")
    await wallet.holder("one").give_back()
    assert (await wallet.taken_by("other")).fence == given.fence + 1
    with pytest.raises(LeaseLost):
        await given.transact(writing(write_hot, "stale"))


@in_loop
async def test_nobody_gives_back_what_another_holds(wallet: Wallet) -> None:
    lease = await wallet.taken_by("one")
    await wallet.holder("other").give_back()
    assert await wallet.holder("other").take() is None
    await lease.transact(writing(write_hot, "kept"))


@in_loop
async def test_a_function_that_raises_under_the_lease_changes_nothing_and_leaves_the_lease(
    wallet: Wallet,
) -> None:
    def break_off(tx: Transaction) -> None:
        write_hot(tx, "undone")
        raise ValueError("of its own")

    lease = await wallet.taken_by("one")
    with pytest.raises(ValueError, match="of its own"):
        await lease.transact(break_off)
    assert await wallet.database.read(names) == set()
    await lease.transact(writing(write_hot, "after it"))
