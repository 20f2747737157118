"""When the Cardano payer calls a payment dead."""

import asyncio

import pytest

from buyer.payers.base import PaymentDraft
from buyer.payers.cardano import DEPTH, DEVNET_DEPTH, CardanoPayer
from tests.unit.buyer.purchase.test_buyer_payer import (
    BUYER,
    DEVNET,
    NOW,
    PREPROD,
    RATE,
    SLOT,
    StillChain,
    payer,
)

#: as an earlier version of the wallet left it: the expiry alone
SIGNED = PaymentDraft("token", "cardano", "aa" * 32, (), {"expiry_slot": SLOT})


def test_a_payment_that_only_the_sellers_own_chain_calls_dead_is_denied_and_not_impossible() -> None:
    late = StillChain(slot=SLOT + 1, recent=DEVNET_DEPTH)

    async def connected() -> StillChain:
        return late

    doubting = CardanoPayer(
        connected, BUYER, DEVNET, ada_price=lambda: RATE, now=lambda: NOW, believes_chain=False
    )
    assert asyncio.run(doubting.fate(SIGNED)) == "denied"
    late.landed = True
    assert asyncio.run(doubting.fate(SIGNED)) == "landed"


@pytest.mark.parametrize(
    ("chain", "network", "fate"),
    [
        (StillChain(landed=True), DEVNET, "landed"),
        (StillChain(landed=True, slot=SLOT + 10_000), DEVNET, "landed"),
        (StillChain(slot=SLOT, recent=DEPTH), DEVNET, "possible"),
        (StillChain(slot=SLOT + 1, recent=DEVNET_DEPTH - 1), DEVNET, "possible"),
        (StillChain(slot=SLOT + 1, recent=DEVNET_DEPTH), DEVNET, "impossible"),
        (StillChain(slot=SLOT + 1, recent=DEVNET_DEPTH), PREPROD, "possible"),
        (StillChain(slot=SLOT + 10_000, recent=DEPTH - 1), PREPROD, "possible"),
        (StillChain(slot=SLOT + 1, recent=DEPTH), PREPROD, "impossible"),
    ],
)
def test_a_payment_is_dead_only_when_no_fork_can_hold_it_any_more(
    chain: StillChain, network: str, fate: str
) -> None:
    """However many slots a fork has, it is heeded for as few blocks as it has."""
    assert asyncio.run(payer(chain, network).fate(SIGNED)) == fate
    assert chain.looks == (chain.slot > SLOT and not chain.landed), "asked past the expiry alone"
