"""A rail that raises what nobody foresaw keeps its own payment waiting, on both databases, and nothing else."""

from pathlib import Path
from time import time

from sqlalchemy import text

from paywall import Seller, Settings
from paywall.compose import open_seller
from paywall.rails.base import Pending, RailOutcome, Settled, StoredPayment
from shared.dialects.base import Evidence, Settling
from shared.keys import SigningKey
from tests.support.outside.rail import NETWORK, VoucherRail
from tests.support.outside.resource import PRODUCT, weather
from tests.support.world.loop import in_loop

PAYER = SigningKey.generate().public.did
CODES = ("before", "faulty", "after")


class MoodyRail(VoucherRail):
    """Lets everybody wait at first; asked again it breaks over one voucher, while it is `broken`."""

    def __init__(self, now: int) -> None:
        super().__init__(dict.fromkeys(CODES, 90), now)
        self.broken = True
        self.faults = 0

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        if payment.first:
            return Pending(0, 1)
        if self.broken and payment.external_id == "faulty":
            self.faults += 1
            raise ZeroDivisionError
        return Settled(self._now, 1)


async def claim(seller: Seller, code: str) -> None:
    """A payment that is left to the worker."""
    offer = await seller.selling.sell(PRODUCT.id, 9, None)
    told = await seller.settlement.pay(Evidence(offer.token, "voucher", PAYER, NETWORK, {"voucher": code}))
    assert isinstance(told, Settling)


async def states(seller: Seller) -> dict[str, str]:
    rows = text("SELECT external_id, state FROM payment")
    found = await seller.database.read(lambda tx: tx.connection.execute(rows).all())
    return {str(row[0]): str(row[1]) for row in found}


@in_loop
async def test_what_a_rail_raises_over_one_payment_holds_up_no_other_in_the_same_round(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=str(tmp_path), database_url=database_url, rails="voucher", policy="none")
    rail, sold = MoodyRail(int(time())), weather(tmp_path / "reports")
    async with open_seller(settings, resources=[sold], products=[PRODUCT], rails=[rail]) as seller:
        for code in CODES:
            await claim(seller, code)
        for round_number in (1, 2):
            await seller.worker._settle()
            assert rail.faults == round_number
            assert await states(seller) == {"before": "settled", "faulty": "settling", "after": "settled"}
        rail.broken = False
        await seller.worker._settle()
        assert await states(seller) == dict.fromkeys(CODES, "settled")
