"""Several who settle one payment at once: none says "failed" of what another brought on its way."""

import asyncio
import copy

from paywall.payments.looks import Looks
from paywall.payments.settlement import Settlement
from paywall.payments.turns import Turns
from shared.dialects.base import Evidence, Settling
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.loop import in_loop
from tests.support.world.seller import NETWORK, Seller, Selling
from tests.support.world.settling import granted

LATE = 1.0  # seconds that the refusal of the first try takes


@in_loop
async def test_a_refused_first_try_is_not_believed_while_another_try_is_under_way(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        raw = (await payer.build(token)).raw
        payload = payer.claim(token, raw=raw)
        evidence = Evidence(token, "cardano", payer.did, NETWORK, {"transaction": raw})
        seller.devnet.control("faults", {"submit": "refuse", "delay_ms": int(LATE * 1000)})
        first = asyncio.create_task(seller.claim(payload))
        await _until_the_fault_is_used(seller.devnet)
        second = await another_process(seller).pay(evidence)
        assert isinstance(second, Settling), "the second try was taken by the chain"
        late = await first
        assert (late.status_code, late.json().get("code")) == (409, "payment_pending"), late.text
        seller.devnet.blocks()
        assert (await seller.claim(payload)).status_code == 200
        assert await granted(seller) == [3]


def another_process(seller: Seller) -> Settlement:
    """Settles from the same database, and shares no look with the seller."""
    other = copy.copy(seller.parts.settlement)
    other._looks = Looks(Turns(1), 0)
    return other


async def _until_the_fault_is_used(devnet: DevnetProcess) -> None:
    while (await asyncio.to_thread(devnet.control, "status", None, "GET"))["fault"]["submit"] is not None:  # noqa: ASYNC110  another process
        await asyncio.sleep(0.01)
