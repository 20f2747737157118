"""Several who settle one payment at once: none says "failed" of what another brought on its way."""

import asyncio

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.loop import in_loop
from tests.support.world.seller import Selling
from tests.support.world.settling import granted, is_settling

LATE = 1.0  # seconds that the refusal of the first try takes


@in_loop
async def test_a_refused_first_try_is_not_believed_while_another_try_is_under_way(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        payload = payer.claim(token, raw=(await payer.build(token)).raw)
        seller.devnet.control("faults", {"submit": "refuse", "delay_ms": int(LATE * 1000)})
        first = asyncio.create_task(seller.claim(payload))
        await _until_the_fault_is_used(seller.devnet)
        assert is_settling(await seller.claim(payload)), "the second try was taken by the chain"
        late = await first
        assert (late.status_code, late.json().get("code")) == (409, "payment_pending"), late.text
        seller.devnet.blocks()
        assert (await seller.claim(payload)).status_code == 200
        assert await granted(seller) == [3]


async def _until_the_fault_is_used(devnet: DevnetProcess) -> None:
    while (await asyncio.to_thread(devnet.control, "status", None, "GET"))["fault"]["submit"] is not None:  # noqa: ASYNC110  another process
        await asyncio.sleep(0.01)
