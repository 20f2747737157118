"""`paywall reconcile` sees each fault that was planted in a healthy database, and none where there is none."""

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from paywall.burns.opening import open_custody
from paywall.compose import open_chain
from paywall.database.opening import open_database
from paywall.keys.passphrases import Passphrases
from paywall.keys.ring import KeyRing
from paywall.ops.reconcile import Invariant, Reconciliation
from paywall.settings import Settings
from shared.chain.base import Chain
from tests.support.hostile.odd_chains import Hasty, Thief
from tests.support.processes.devnet import DevnetProcess
from tests.support.world import burns
from tests.support.world.image_maker import PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.seller import open_seller

Plant = Callable[[sqlite3.Connection], object]


@dataclass(frozen=True)
class Shop:
    """A seller that was closed in good order: two credits used and burned, one left, one paid too much."""

    settings: Settings
    minted_in: str

    def copy(self, folder: Path, plant: Plant | None = None) -> Settings:
        """The settings of a copy whose database holds the planted fault."""
        shutil.copytree(self.settings.folder, folder / "shop")
        settings = replace(self.settings, data_dir=str(folder / "shop"))
        with closing(sqlite3.connect(settings.folder / "paywall.db")) as connection, connection:
            if plant is not None:
                plant(connection)
        return settings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, devnet: DevnetProcess) -> Shop:
    folder = tmp_path_factory.mktemp("shop")

    async def story() -> Shop:
        async with open_seller(devnet, folder, maker=PlainMaker()) as seller:
            payer = seller.payer()
            token = await payer.buy(3)
            receipt = (await payer.pay(token)).json()["receipt"]
            for _ in range(2):
                assert (await payer.generate(receipt)).status_code == 200
            await burns.finish(seller)
            again = await payer.build(token)
            await seller.parts.chain.submit(again.raw)
            devnet.blocks()
            assert (await seller.claim(payer.claim(token, tx_hash=again.id))).status_code == 409
            await payer.buy(1)
            (minted,) = devnet.get(f"/assets/{seller.custody.asset.unit}/history?count=1")
            return Shop(seller.parts.settings, minted["tx_hash"])

    return asyncio.run(story())


def check(settings: Settings, chain: Chain | None = None) -> list[Invariant]:
    async def run() -> list[Invariant]:
        looked_at = chain or open_chain(settings)
        database = open_database(settings.database, writing=False)
        try:
            return await Reconciliation(
                database, open_custody(settings, KeyRing(settings, Passphrases(-1), looking=True)), looked_at
            ).run()
        finally:
            database.close()
            await looked_at.aclose()

    return asyncio.run(run())


def broken(checks: list[Invariant]) -> set[str]:
    return {check.name for check in checks if not check.holds}


def sql(*statements: str) -> Plant:
    def plant(connection: sqlite3.Connection) -> None:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement

    return plant


BUCKETS = "every account's buckets sum to what was granted"
POSTINGS = "postings sum to zero, and to each balance"
RESERVED = "reserved and captured credits are redemptions"
BURNS = "captured redemptions and burns are one to one"
UNDER_WAY = "every burn is waiting, under way or confirmed"
BATCHES = "every batch burns what was put into it"
PAID = "a request is paid by one payment, or by none"
PARKED = "nothing is parked"
GIFTS = "what one account gave another has received"
TWICE = "no batch is burned twice"
OURS = "what is burned on chain is ours to the token"
HELD = "custodial tokens are minted minus burned"
FINAL = "what is confirmed is on the chain"

FAULTS: dict[str, tuple[Plant, set[str]]] = {
    "credits out of nothing": (
        sql("UPDATE credit_account SET granted = granted + 1, available = available + 1"),
        {POSTINGS},
    ),
    "a transfer went elsewhere": (
        sql("UPDATE posting SET target = 'expired' WHERE transfer LIKE 'capture:%'"),
        {POSTINGS},
    ),
    "a transfer is gone": (sql("DELETE FROM posting WHERE transfer LIKE 'grant:%'"), {POSTINGS}),
    "a transfer was changed": (
        sql("UPDATE posting SET amount = amount * 2 WHERE transfer LIKE 'grant:%'"),
        {POSTINGS},
    ),
    "an account without its postings": (
        sql("UPDATE posting SET account_id = 'nobody' WHERE transfer LIKE 'grant:%'"),
        {POSTINGS},
    ),
    "credits that were given to nobody": (
        sql("UPDATE credit_account SET moved = moved + captured, captured = 0"),
        {GIFTS, POSTINGS, RESERVED},
    ),
    "a redemption fell back": (
        sql("UPDATE redemption SET state = 'reserved'"),
        {RESERVED, BURNS, UNDER_WAY},
    ),
    "a redemption stays reserved without a credit": (
        sql("UPDATE credit_account SET captured = captured - 1, reserved = reserved + 1"),
        {RESERVED, POSTINGS},
    ),
    "a burn is gone": (
        sql("DELETE FROM burn WHERE leaf_index = 0"),
        {BURNS, UNDER_WAY, BATCHES},
    ),
    "a burn of nothing": (
        sql("UPDATE burn SET redemption_id = 'nobody' WHERE leaf_index = 0"),
        {BURNS},
    ),
    "a burn left its batch": (sql("UPDATE burn SET batch_id = NULL WHERE leaf_index = 0"), {BATCHES}),
    "a batch grew": (sql("UPDATE burn_batch SET size = size - 1"), {BATCHES}),
    "a burn of two tokens for one credit": (
        sql("UPDATE burn SET quantity = 2 WHERE leaf_index = 0"),
        {BURNS, BATCHES},
    ),
    "a batch that burns more than its burns": (
        sql("UPDATE burn_batch SET quantity = quantity + 1"),
        {BATCHES, OURS},
    ),
    "a batch was parked": (sql("UPDATE burn_batch SET state = 'parked'"), {PARKED}),
    "an attempt was forgotten": (sql("DELETE FROM burn_attempt"), {OURS, FINAL}),
    "a receipt was lost": (sql("DELETE FROM receipt"), {PAID}),
    "a request was marked as paid": (
        sql("UPDATE payment_request SET state = 'paid', token = 'a token' WHERE state = 'open'"),
        {PAID},
    ),
    "a settled payment was taken back": (
        sql("UPDATE payment SET state = 'failed' WHERE state = 'settled'"),
        {PAID},
    ),
}


@pytest.mark.parametrize(("plant", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_breaks_its_invariant(
    shop: Shop, tmp_path: Path, plant: Plant, expected: set[str]
) -> None:
    assert broken(check(shop.copy(tmp_path, plant))) >= expected


def test_nothing_is_broken_in_a_healthy_shop_and_the_surplus_is_shown(shop: Shop, tmp_path: Path) -> None:
    checks = check(shop.copy(tmp_path))
    assert broken(checks) == set()
    (surplus,) = [check for check in checks if "surplus" in check.name]
    assert surplus.figures["reason"] == "payment_request_paid"
    assert {check.name for check in checks if not check.note} == {
        *(
            BUCKETS,
            POSTINGS,
            RESERVED,
            BURNS,
            UNDER_WAY,
            BATCHES,
            GIFTS,
            PAID,
            PARKED,
            TWICE,
            OURS,
            HELD,
            FINAL,
        )
    }


def test_a_batch_that_landed_twice_is_seen(shop: Shop, tmp_path: Path) -> None:
    def plant(connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        attempt = dict(connection.execute("SELECT * FROM burn_attempt").fetchone())
        attempt |= {"tx_hash": shop.minted_in, "number": 2}  # stands for a second burn that is on chain
        names, marks = ", ".join(f'"{name}"' for name in attempt), ", ".join("?" * len(attempt))
        connection.execute(f"INSERT INTO burn_attempt ({names}) VALUES ({marks})", list(attempt.values()))

    assert broken(check(shop.copy(tmp_path, plant))) >= {TWICE, OURS}


def test_a_token_that_left_the_wallet_is_seen(shop: Shop, tmp_path: Path) -> None:
    settings = shop.copy(tmp_path)
    assert broken(check(settings, Thief(settings.chain_url))) == {HELD}


REFUSED = {
    "a bucket that does not add up": "UPDATE credit_account SET available = available + 1",
    "a negative bucket": "UPDATE credit_account SET available = -1, captured = captured + available + 1",
    "a transfer twice": "INSERT INTO posting SELECT * FROM posting",
    "a transfer of nothing": "UPDATE posting SET amount = 0",
    "a transfer to where it came from": "UPDATE posting SET target = source",
    "a burn twice": "INSERT INTO burn SELECT * FROM burn",
    "a burn of nothing": "UPDATE burn SET quantity = 0",
    "a burn that binds nobody": "UPDATE burn SET commitment = x''",
    "a batch of fewer tokens than burns": "UPDATE burn_batch SET quantity = size - 1",
    "a payment of two requests": "UPDATE payment SET external_id = 'x'",
    "two settled payments of a request": "UPDATE payment SET state = 'settled'",
    "a state that there is not": "UPDATE redemption SET state = 'stolen'",
    "a sale of nothing": "UPDATE payment_request SET credits = 0",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_what_the_tables_can_refuse_they_refuse(shop: Shop, tmp_path: Path, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        shop.copy(tmp_path, lambda connection: connection.execute(statement))


@in_loop
async def test_a_burn_that_lands_while_looking_breaks_nothing(devnet: DevnetProcess, tmp_path: Path) -> None:
    async with open_seller(devnet, tmp_path) as seller:
        await burns.capture(seller, 2)
        for _ in range(2):
            await burns.worker(seller).step()
        chain = Hasty(devnet.url)
        chain.devnet = devnet
        checks = await Reconciliation(seller.parts.database, seller.custody, chain).run()
        await chain.aclose()
        assert await burns.burned(seller) == 2
        assert broken(checks) == set()


def reconcile(settings: Settings, *options: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PAYWALL_")},
        "PAYWALL_DATA_DIR": str(settings.folder),
        "PAYWALL_BLOCKFROST_URL": settings.chain_url,
    }
    command = [sys.executable, "-m", "paywall", "reconcile", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("options", [(), ("--offline",)], ids=["with the chain", "offline"])
def test_the_command_ends_with_0_when_all_holds_and_with_1_when_not(
    shop: Shop, tmp_path: Path, options: tuple[str, ...]
) -> None:
    good = reconcile(shop.copy(tmp_path / "good"), *options)
    assert (good.returncode, good.stderr) == (0, "")
    assert "BROKEN" not in good.stdout
    (unpaid,) = [line for line in good.stdout.splitlines() if line.startswith("note    unpaid")]
    assert re.search(r"  open=1  oldest expires=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", unpaid)
    figures = [line.index("=") for line in good.stdout.splitlines() if "accounts=" in line or "open=" in line]
    assert figures[0] - len("accounts") == figures[1] - len("open"), "one column"
    bad = reconcile(shop.copy(tmp_path / "bad", FAULTS["a burn is gone"][0]), *options)
    assert bad.returncode == 1
    assert f"BROKEN  {BURNS}  " in bad.stdout
