"""Burns: redemptions confirmed per second and lovelace for each, by the size of the batch.

The captured redemptions and their burns are put straight into the stores, which is quicker than redeeming
and the same rows; everything from there on is the product's: `BurnWorker.step` closes batches, signs, stores,
submits and watches, against a devnet whose blocks come fast. What was burned, and for which fees, is then
asked of the chain.
"""

import asyncio
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlmodel import select

from paywall.burns import store as burn_store
from paywall.burns.tables import BurnAttemptRow, BurnBatchRow
from paywall.clock import new_id, unix_now
from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.database.engine import Transaction
from paywall.redemptions import store as redemption_store
from paywall.redemptions.request import Reservation
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.redemptions import BEARER, PROCESS, delivered, wanted
from tests.support.world.seller import Seller, open_seller

BLOCK_SECONDS, CONFIRMATIONS = 0.2, 1
POLL_SECONDS = 0.02
ACCOUNT, PRODUCT = "urn:uuid:bench", "image-credit"
REQUEST_HASH = "00" * 32
FAR = 365 * 86_400
#: batch size → batches
SIZES = {1: 10, 10: 10, 100: 5, 1000: 5}


@dataclass(frozen=True, slots=True)
class Burned:
    """By the chain: `redemptions` burned in `transactions` for `lovelace` in fees, within `seconds`."""

    batch_size: int
    transactions: int
    redemptions: int
    seconds: float
    lovelace: int

    @property
    def rate(self) -> float:
        """Redemptions confirmed per second."""
        return self.redemptions / self.seconds

    @property
    def fee(self) -> float:
        """Lovelace for each redemption."""
        return self.lovelace / self.redemptions

    def entry(self) -> dict[str, object]:
        """For the results."""
        return {**asdict(self), "redemptions_per_second": round(self.rate, 1), "lovelace_each": self.fee}


def measure_burns(folder: Path, sizes: dict[int, int]) -> list[Burned]:
    """One measurement for each batch size, all on one devnet, each with a wallet and database of its own."""
    with DevnetProcess(block_seconds=BLOCK_SECONDS) as devnet:
        return [asyncio.run(_burn(devnet, folder / str(size), size, count)) for size, count in sizes.items()]


async def _burn(devnet: DevnetProcess, folder: Path, size: int, batches: int) -> Burned:
    async with open_seller(
        devnet, folder, batch_size=size, batch_seconds=FAR, confirmations=CONFIRMATIONS
    ) as seller:
        await seller.parts.database.transact(lambda tx: capture(tx, size * batches))
        started = time.perf_counter()
        while await seller.burning.step():  # noqa: ASYNC110  the product polls the chain, too
            await asyncio.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
        supply = await seller.parts.chain.supply(seller.custody.asset)
        assert supply is not None
        fees = [int(devnet.get(f"/txs/{tx_hash}")["fees"]) for tx_hash in await _transactions(seller)]
        return Burned(size, len(fees), supply[1], seconds, sum(fees))


def capture(tx: Transaction, count: int) -> None:
    """So many captured uses, whose burns wait."""
    now = unix_now()
    credit_store.open_account(
        tx,
        account_id=ACCOUNT,
        owner=BEARER,
        product=PRODUCT,
        opening=postings.grant(new_id(), count),
        expires_at=now + FAR,
        now=now,
    )
    for _ in range(count):
        use = wanted(new_id(), ACCOUNT)
        reservation = redemption_store.reserve(tx, use, now, now + FAR, liveness=PROCESS)
        assert isinstance(reservation, Reservation)
        assert redemption_store.capture(tx, reservation, delivered(new_id()), now)
        burn_store.insert(tx, reservation.id, bytes(16), reservation.commitment, quantity=1, now=now)


async def _transactions(seller: Seller) -> list[str]:
    """Of the confirmed batches; there must be no others, and one transaction for each."""

    def read(tx: Transaction) -> list[str]:
        batches = tx.session.exec(select(BurnBatchRow)).all()
        attempts = tx.session.exec(select(BurnAttemptRow)).all()
        assert {batch.state for batch in batches} == {"confirmed"}
        assert {batch.tx_hash for batch in batches} == {attempt.tx_hash for attempt in attempts}
        return [attempt.tx_hash for attempt in attempts]

    return await seller.parts.database.read(read)
