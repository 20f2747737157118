"""Leases: who is at work on what, among processes that share a wallet."""

import asyncio
import os
import subprocess
import sys

import pytest

from buyer.errors import WalletError
from buyer.wallet import lease
from buyer.wallet.file import Wallet

NOW = 1_800_000_000


def work_on(wallet: Wallet, name: str, *, now: int = NOW, nonce: str = "1") -> lease.Work:
    return lease.Work(wallet, name, lambda: now, nonce)


def test_a_lease_is_held_by_one_until_it_runs_out(wallet: Wallet) -> None:
    assert lease.try_acquire(work_on(wallet, "it"))
    assert not lease.try_acquire(work_on(wallet, "it", nonce="2"))
    assert lease.try_acquire(work_on(wallet, "something else", nonce="2"))
    assert lease.try_acquire(work_on(wallet, "it", nonce="2", now=NOW + lease.SECONDS))


def test_the_lease_of_a_dead_process_is_free_at_once(wallet: Wallet) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pid = child.pid
    assert lease.try_acquire(work_on(wallet, "it"))
    owner = work_on(wallet, "it").owner.replace(f":{os.getpid()}.", f":{pid}.")
    wallet.transact(lambda db: db.execute("UPDATE leases SET owner = ?", (owner,)))
    assert lease.try_acquire(work_on(wallet, "it", nonce="2"))


def test_a_lease_of_another_machine_is_left_alone(wallet: Wallet) -> None:
    assert lease.try_acquire(work_on(wallet, "it"))
    wallet.transact(lambda db: db.execute("UPDATE leases SET owner = 'elsewhere:999999999:1'"))
    assert not lease.try_acquire(work_on(wallet, "it", nonce="2"))


def test_the_second_waits_for_the_first_and_then_has_its_turn(wallet: Wallet) -> None:
    order: list[str] = []

    async def one(nonce: str) -> None:
        async with lease.held(work_on(wallet, "it", nonce=nonce), wait=20, say=lambda line: None):
            order.append(f"{nonce} in")
            await asyncio.sleep(0)
            order.append(f"{nonce} out")

    async def both() -> None:
        await asyncio.gather(one("1"), one("2"))

    asyncio.run(both())
    assert order == ["1 in", "1 out", "2 in", "2 out"]


def test_a_wait_that_is_too_long_is_refused_with_what_is_in_the_way(wallet: Wallet) -> None:
    assert lease.try_acquire(work_on(wallet, "the purchase"))

    async def late() -> None:
        async with lease.held(work_on(wallet, "the purchase", nonce="2"), wait=0.01, say=lambda line: None):
            raise AssertionError

    with pytest.raises(WalletError, match="still at the purchase") as caught:
        asyncio.run(late())
    assert caught.value.exit_code == 2
