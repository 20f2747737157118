"""Instructions in two processes over one database: whatever is made twice, one thing is told."""

import asyncio
from dataclasses import dataclass, field

import pytest

from paywall import clock
from paywall.database.engine import Database
from paywall.errors import (
    BadRequest,
    NotFound,
    PaymentPending,
    PaymentRequestExpired,
    PaymentRequestPaid,
    Unavailable,
)
from paywall.keys.identity import Identity
from paywall.keys.signers.file import FileSigner
from paywall.payments.instructions.instructing import Instructing
from paywall.rails.base import Instructions
from paywall.sales import store as request_store
from paywall.sales.prices import PriceTier, Product
from paywall.sales.selling import Selling
from shared.dialects.base import StoredRequest
from shared.keys import SigningKey
from shared.money import Money
from tests.support.outside.rail import VoucherRail
from tests.support.world.loop import in_loop

NOW = 1_800_000_000
PRODUCT = Product("time", "Hours", "", 30, (PriceTier(1, Money(100, "USD", 2)),))


class HostedVouchers(VoucherRail):
    """Its service makes something new each time that it is asked."""

    def __init__(self) -> None:
        super().__init__({}, NOW)
        self.made: list[str] = []
        self.fails = False

    async def prepare(self, request: StoredRequest) -> Instructions:
        if self.fails:
            raise Unavailable
        self.made.append(request.request.id)
        number = len(self.made)
        await asyncio.sleep(0)
        return Instructions(self.id, {"page": f"the shop, desk {number}"}, NOW + number)


@dataclass
class Desk:
    """Two processes of one seller."""

    database: Database
    rail: HostedVouchers
    selling: Selling
    identity: Identity
    now: list[int] = field(default_factory=lambda: [NOW])

    def process(self) -> Instructing:
        return Instructing(self.database, self.identity, [self.rail], lambda: self.now[0])


@pytest.fixture
def desk(database: Database) -> Desk:
    signer, rail = FileSigner(SigningKey.generate()), HostedVouchers()
    identity = Identity(requests=signer, receipts=signer, public_url=None)

    async def admit() -> None:
        return

    selling = Selling(
        database=database,
        identity=identity,
        products={"time": PRODUCT},
        rails=[rail],
        token=None,
        service_url="http://127.0.0.1:8402",
        valid_seconds=900,
        holder_required=False,
        use_needs_holder=False,
        clock=lambda: NOW,
        ids=clock.new_id,
        admit=admit,
    )
    return Desk(database, rail, selling, identity)


@in_loop
async def test_two_processes_tell_the_same_however_often_it_was_made(desk: Desk) -> None:
    sold = await desk.selling.sell("time", 3, None)
    processes = [desk.process(), desk.process()]
    asked = [one.instruct(sold.request.id, sold.token, "voucher") for one in processes for _ in range(10)]
    told = await asyncio.gather(*asked)
    assert told == [told[0]] * 20
    assert 1 <= len(desk.rail.made) <= 2
    assert await desk.process().instruct(sold.request.id, sold.token, "voucher") == told[0]


@in_loop
async def test_each_request_has_its_own(desk: Desk) -> None:
    first, second = [await desk.selling.sell("time", 3, None) for _ in range(2)]
    process = desk.process()
    told = [await process.instruct(one.request.id, one.token, "voucher") for one in (first, second)]
    assert told[0] != told[1]
    with pytest.raises(NotFound):
        await process.instruct(first.request.id, second.token, "voucher")
    with pytest.raises(BadRequest):
        await process.instruct(first.request.id, first.token, "cardano")


@in_loop
async def test_a_service_that_fails_leaves_nothing_behind(desk: Desk) -> None:
    sold = await desk.selling.sell("time", 3, None)
    desk.rail.fails = True
    with pytest.raises(Unavailable):
        await desk.process().instruct(sold.request.id, sold.token, "voucher")
    desk.rail.fails = False
    told = await desk.process().instruct(sold.request.id, sold.token, "voucher")
    assert told.payload == {"page": "the shop, desk 1"}


@in_loop
async def test_what_cannot_be_paid_any_more_is_not_told_how_to(desk: Desk) -> None:
    sold = await desk.selling.sell("time", 3, None)
    process = desk.process()
    await process.instruct(sold.request.id, sold.token, "voucher")
    desk.now[0] = NOW + 900
    with pytest.raises(PaymentRequestExpired):
        await process.instruct(sold.request.id, sold.token, "voucher")
    desk.now[0] = NOW
    assert await desk.database.transact(lambda tx: request_store.take(tx, sold))
    with pytest.raises(PaymentPending):
        await process.instruct(sold.request.id, sold.token, "voucher")
    await desk.database.transact(
        lambda tx: request_store.move(tx, sold.request.id, "paid", guard=("settling",))
    )
    with pytest.raises(PaymentRequestPaid):
        await process.instruct(sold.request.id, sold.token, "voucher")
