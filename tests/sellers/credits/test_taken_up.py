"""A redemption that its process cannot finish any more is taken up when its key comes again."""

from paywall.products.images.settings import ImageSettings
from tests.sellers.credits.test_credits import buckets, codes, count, sql, start_slow
from tests.support.world.image_maker import SLOW, PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.seller import Selling

#: longer than any test waits
LONG = (ImageSettings(image_seconds=3600),)
#: as if the process that reserved had died: nobody has this number
DIED = "UPDATE redemption SET process = 2147483647"


@in_loop
async def test_what_a_dead_process_was_at_is_done_anew_under_its_key_and_counts_once(
    selling: Selling,
) -> None:
    maker = PlainMaker()
    async with selling(maker=maker, room_settings=LONG) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(2)
        dead = await start_slow(payer, receipt, maker)
        await sql(seller, DIED)
        maker.started.clear()
        again = await start_slow(payer, receipt, maker)
        assert await buckets(seller, payer, receipt) == {"available": 1, "reserved": 1}
        meanwhile = await payer.generate(receipt, {"prompt": SLOW}, "slow")
        assert codes([meanwhile]) == {"redemption_in_progress": 1}
        maker.released.set()
        assert codes([await again]) == {"ok": 1}
        # It was not dead after all: it comes too late.
        assert codes([await dead]) == {"image_maker_failed": 1}
        assert await buckets(seller, payer, receipt) == {"available": 1, "captured": 1}
        assert await count(seller, "burn") == 1


@in_loop
async def test_another_body_takes_nothing_up(selling: Selling) -> None:
    maker = PlainMaker()
    async with selling(maker=maker, room_settings=LONG) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(2)
        dead = await start_slow(payer, receipt, maker)
        await sql(seller, DIED)
        other = await payer.generate(receipt, {"prompt": "another"}, "slow")
        assert codes([other]) == {"idempotency_key_reused": 1}
        assert await buckets(seller, payer, receipt) == {"available": 1, "reserved": 1}
        maker.released.set()
        assert codes([await dead]) == {"ok": 1}
