"""A process dies at its worst moment, or a few blocks are taken back."""

import asyncio

from tests.chaos.stories.stage import LOOKS_SECONDS, LOST, Stage, Story
from tests.chaos.world import CONFIRMATIONS

LOST_SECONDS = 2.5


async def _killed_at(stage: Stage, point: str) -> None:
    await stage.open(CHAOS_FAILPOINT=f"{point}:1")
    stage.buy()
    await stage.until(stage.killed, f"a kill at {point}")
    await stage.restart()


async def _abandoned(stage: Stage) -> None:
    """The seller dies after it reserved a credit, and its buyer has gone: nobody repeats the key."""
    await stage.open(CHAOS_FAILPOINT="redeem.reserved:1")
    stage.buy()
    await stage.until(stage.killed, "a kill at redeem.reserved")
    assert stage.buying is not None
    stage.buying.cancel()
    stage.buying = None
    stage.world.kill_all()


async def _nobody_asks_again(stage: Stage) -> None:
    await _abandoned(stage)
    await stage.world.start_all()
    try:
        await stage.until(lambda: not stage.count("redemption", "reserved"), "a release")
    except AssertionError:
        stage.broken.append("9: what a crash left reserved is never released")


async def _killed_while_sweeping(stage: Stage) -> None:
    await _abandoned(stage)
    stage.world.start(stage.world.slots[0], CHAOS_FAILPOINT="recover.sweeping:1")
    await stage.until(stage.killed, "a kill at recover.sweeping")
    await stage.restart()


async def _killed_after_the_402(stage: Stage) -> None:
    await stage.open()
    stage.buy()
    await stage.until(stage.buyer.payments, "a signed payment")
    await stage.restart()


async def _bytes_lost(stage: Stage) -> None:
    """The chain goes on, slowly; no burn reaches it."""
    await stage.open(PAYWALL_BATCH_SIZE="1")  # so that there is a second batch beside the first
    stage.buy()
    await stage.until(stage.buyer.receipts, "a receipt")
    stage.mining = False
    stage.devnet.control("faults", LOST)
    await stage.until(lambda: stage.count("burn_attempt"), "a signed burn")
    await asyncio.sleep(LOST_SECONDS)
    stage.devnet.blocks()  # other bytes have another expiry, counted from the newest block
    await asyncio.sleep(LOST_SECONDS)
    if stage.count("burn_attempt") > stage.count("burn_batch"):
        stage.broken.append("9: a burn is signed anew while its bytes can still land")
    stage.devnet.control("faults", method="DELETE")


async def _payment_rolled_back(stage: Stage) -> None:
    await stage.open()
    stage.mining = False
    stage.buy()
    await stage.until(stage.devnet.mempool, "a payment in the mempool")
    stage.devnet.blocks()
    await asyncio.sleep(LOOKS_SECONDS)
    if stage.count("payment", "settled"):
        stage.broken.append("7: credits were given for a payment that one block holds")
    stage.devnet.rollback(1)


async def _burn_rolled_back(stage: Stage, state: str, **environment: str) -> None:
    await stage.open(**environment)
    stage.buy()
    await stage.until(stage.buyer.receipts, "a receipt")
    stage.mining = False
    await stage.until(lambda: stage.count("burn_batch", "submitted"), "a submitted burn")
    await asyncio.sleep(LOOKS_SECONDS)
    stage.devnet.blocks(CONFIRMATIONS if state == "confirmed" else 1)
    await stage.until(lambda: stage.count("burn_batch", state), f"a {state} burn")
    stage.devnet.rollback(CONFIRMATIONS if state == "confirmed" else 1)
    await asyncio.sleep(LOOKS_SECONDS)  # so that it is seen before anybody is asked whether all is quiet


async def _killed_when_it_is_lost(stage: Stage) -> None:
    await _burn_rolled_back(stage, "seen", CHAOS_FAILPOINT="burn.lost:1")
    await stage.until(stage.killed, "a kill at burn.lost")
    await stage.restart()


async def _nothing(stage: Stage) -> None:
    await stage.open()
    stage.buy()


STORIES: dict[str, Story] = {
    **{
        f"killed at {point}": lambda stage, point=point: _killed_at(stage, point)  # type: ignore[misc]
        for point in ("redeem.captured", "redeem.reserved", "pay.finished", "burn.built")
    },
    "killed again while it recovers": _killed_while_sweeping,
    "a use that nobody asks for again": _nobody_asks_again,
    "killed after the 402": _killed_after_the_402,
    "the bytes are lost on their way": _bytes_lost,
    "a payment is rolled back": _payment_rolled_back,
    "a burn is rolled back": lambda stage: _burn_rolled_back(stage, "seen"),
    "killed when a burn is lost": _killed_when_it_is_lost,
    "a burn is rolled back deep": lambda stage: _burn_rolled_back(stage, "confirmed"),
    "nothing goes wrong": _nothing,
}
