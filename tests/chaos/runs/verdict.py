"""After a round: the nine invariants, by `paywall reconcile`, by the chain and by the buyers' own count."""

import asyncio
import re
import time
from collections.abc import Sequence

from buyer.errors import BuyerError
from shared.cardano.read.transaction import parse
from tests.chaos.buyers import FUNDS, ChaosBuyer
from tests.chaos.runs.books import Books, open_books
from tests.chaos.world import World

#: what is under way when faults stop comes to its end within
QUIET_SECONDS = 45.0
#: what was undone together with the money that it spent is out of reach of any fork within
UNDONE_SECONDS = 90.0
#: so many delivered images of each buyer are asked for and verified again
SAMPLES = 1
OK = 200
_FIGURE = re.compile(r"(\w+)=(\d+)")


async def await_quiet(books: Books, seconds: float = QUIET_SECONDS, forgive: Sequence[str] = ()) -> list[str]:
    """Invariant 9: empty once nothing but what is forgiven is under way; otherwise what is after that long."""
    deadline = time.monotonic() + seconds
    while set(left := await asyncio.to_thread(books.under_way)) - set(forgive):
        if time.monotonic() > deadline:
            return [f"9: after {seconds:.0f} s there is still: {left}"]
        await asyncio.sleep(0.1)
    return []


async def judge(
    world: World, buyers: Sequence[ChaosBuyer], *, seconds: float = QUIET_SECONDS, besides: int = 0
) -> list[str]:
    """Every promise that is broken, in words. The seller runs, without faults; `seconds` to come to rest.

    `besides` are receipts of one credit that others than the buyers got.
    """
    with open_books(world.database) as books:
        broken = await await_quiet(books, seconds)
        totals = await asyncio.to_thread(books.totals)
    broken += [complaint for buyer in buyers for complaint in buyer.complaints]
    broken += await _reconciled(world, totals["captured"])
    broken += _counted(totals, buyers, besides)
    for buyer in buyers:
        broken += await asyncio.to_thread(_paid_once, world, buyer)
        broken += await _held(buyer)
    return broken


async def cheats(world: World, seconds: float = UNDONE_SECONDS) -> list[str]:
    """Whoever undid his payment has no credits for it, once that is seen; every promise that is broken."""
    deadline = time.monotonic() + seconds
    while True:
        with open_books(world.database) as books:
            settled = await asyncio.to_thread(books.settled_of, [payer for payer, _ in world.cheats])
        gone = [tx for tx in settled if world.devnet.ask(f"/txs/{tx}").status_code != OK]
        if not gone or time.monotonic() > deadline:
            return [f"7: credits stand for payment {tx}, which was undone" for tx in gone]
        await asyncio.sleep(0.2)


async def _reconciled(world: World, captured: int) -> list[str]:
    """`paywall reconcile` holds, and the chain's own count of burned tokens is the number of redemptions."""
    status, said = await world.command("reconcile")
    broken = [line for line in said.splitlines() if line.startswith("BROKEN")]
    if status or broken:
        broken = broken or [f"reconcile ended with {status}: {said[-2000:]}"]
    figures = {name: int(value) for name, value in _FIGURE.findall(said)}
    burned = figures.get("burned", -1)
    if burned != captured:
        broken.append(f"5: {captured} redemptions are captured and {burned} tokens are burned on chain")
    if figures.get("minted", 0) - burned != figures.get("held", -1):
        broken.append(f"5: minted − burned is not held: {figures}")
    return broken


def _counted(totals: dict[str, int], buyers: Sequence[ChaosBuyer], besides: int) -> list[str]:
    """What the seller counts is what the buyers have: nothing granted or captured beyond it."""
    bought = sum(receipt.granted for buyer in buyers for receipt in buyer.receipts()) + besides
    held = sum(len(buyer.receipts()) for buyer in buyers) + besides
    images = sum(len(found) for buyer in buyers for found in buyer.delivered().values())
    pairs = (
        ("credits granted", totals["granted"], "bought", bought),
        ("receipts issued", totals["receipts"], "held by buyers", held),
        ("payments settled", totals["settled"], "receipts held by buyers", held),
        ("redemptions captured", totals["captured"], "images held by buyers", images),
        ("burns owed", totals["burns"], "images held by buyers", images),
        ("surplus payments", totals["surplus"], "expected", 0),
    )
    return [
        f"7: {name}: {count}, but {other}: {theirs}"
        for name, count, other, theirs in pairs
        if count != theirs
    ]


def _paid_once(world: World, buyer: ChaosBuyer) -> list[str]:
    """By the chain: each paid purchase cost its transaction, once, and nothing else left the wallet."""
    cost, broken = 0, []
    for payment in buyer.payments():
        landed = world.devnet.ask(f"/txs/{payment.tx_hash}").status_code == OK
        if landed != (payment.state == "paid"):
            broken.append(f"7: payment {payment.tx_hash} is {payment.state}, on chain: {landed}")
        if landed:
            transaction = parse(payment.tx_bytes)
            address = buyer.wallet.address
            cost += transaction.fee + sum(o.lovelace for o in transaction.outputs if o.address != address)
    amounts = world.devnet.get(f"/addresses/{buyer.wallet.address}")["amount"]
    left = sum(int(amount["quantity"]) for amount in amounts if amount["unit"] == "lovelace")
    if left != FUNDS - cost:
        broken.append(f"6: {FUNDS - left} lovelace left a wallet whose payments cost {cost}")
    return broken


async def _held(buyer: ChaosBuyer) -> list[str]:
    """Each receipt counts as the buyer counts; what was delivered is delivered again, and its burn is proved."""
    broken, delivered = [], buyer.delivered()
    for receipt in buyer.receipts():
        try:
            told = await buyer.client.credits(receipt)
        except BuyerError as error:
            broken.append(f"7: receipt {receipt.id} is not honoured: {error}")
            continue
        used = len(delivered.get(receipt.id, []))
        if (told.granted, told.captured, told.reserved) != (receipt.granted, used, 0):
            broken.append(f"8: {used} of {receipt.granted} credits were used, the seller says {told}")
    pairs = [pair for found in delivered.values() for pair in found]
    for key, redemption_id in pairs[-SAMPLES:]:
        broken += await _again(buyer, key, redemption_id)
    return broken


async def _again(buyer: ChaosBuyer, key: str, redemption_id: str) -> list[str]:
    image = buyer.image(key)
    receipt = next(held for held in buyer.receipts() if held.id == image.receipt_id)
    try:
        again = await buyer.client.fetch(receipt, image)
        report = await buyer.client.verify(redemption_id)
    except BuyerError as error:
        return [f"8: image {redemption_id} cannot be had again: {error}"]
    if again.redemption_id != redemption_id:
        return [f"8: key {key} names {redemption_id} and then {again.redemption_id}"]
    return [] if report.outcome == "holds" else [f"4: the burn of {redemption_id} is {report.outcome}"]
