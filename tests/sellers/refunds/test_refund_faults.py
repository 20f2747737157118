"""A refund is sent once, whatever dies, is refused or hangs while it is sent; on both databases."""

from contextlib import suppress
from typing import Any

import pytest

from paywall import clock
from paywall.refunds.sending import RefundSending
from tests.sellers.refunds.test_refunds import ask, balance, final
from tests.support.hostile.crashes import Crash, Crashes
from tests.support.world.loop import in_loop
from tests.support.world.seller import Payer, Seller, Selling

CREDITS = 60


def sending(seller: Seller, database: Any = None) -> RefundSending:
    rails = seller.parts._adapters.rails
    return RefundSending(database=database or seller.parts.database, rails=rails, clock=clock.unix_now)


async def arrives_once(seller: Seller, payer: Payer, location: str, before: int) -> None:
    for _ in range(3):
        await sending(seller).step()
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
    now = (await seller.http.get(location)).json()
    assert now["state"] == "sent"
    assert await balance(seller, payer) - before == now["returned"]


@pytest.mark.parametrize("after", [False, True])
@in_loop
async def test_a_worker_that_dies_at_any_call_sends_it_once(own_selling: Selling, after: bool) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await payer.receipt(CREDITS)
        await final(seller)
        rail: Any = seller.parts._adapters.rails[0]
        healthy, died = rail._chain, set()
        for at in range(CREDITS // 2):
            before = await balance(seller, payer)
            location = (await ask(payer, receipt, 2, f"number {at}")).headers["location"]
            crashes = Crashes(at, after=after)
            rail._chain = rail._back._chain = crashes.wrap(healthy)
            with suppress(Crash):
                await sending(seller, crashes.wrap(seller.parts.database)).step()
            rail._chain = rail._back._chain = healthy
            await arrives_once(seller, payer, location, before)
            if not crashes.happened:
                break
            died.add(crashes.name)
        assert {name.partition(" ")[2] for name in died} >= {
            "transact",
            "submit",
            "utxos",
            "ends",
            "inclusion",
        }
        assert await seller.invariants() == []


@pytest.mark.parametrize(
    "fault", ["drop_after", "drop_before", "error", "accept_then_error", "lose", "refuse"]
)
@in_loop
async def test_a_submit_that_fails_or_is_not_answered_sends_it_once(own_selling: Selling, fault: str) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await payer.receipt(6)
        await final(seller)
        before = await balance(seller, payer)
        location = (await ask(payer, receipt, 4)).headers["location"]
        seller.devnet.control("faults", {"submit": fault})
        await sending(seller).step()
        seller.devnet.control("faults", {"submit": None})
        await arrives_once(seller, payer, location, before)
