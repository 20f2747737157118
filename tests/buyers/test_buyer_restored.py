"""A restored wallet at a real seller: it pays for nothing that was paid already, and counts what it cannot know."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from buyer.budget import Budget
from buyer.errors import BuyerError, OverBudget, WalletError
from buyer.wallet import copies, recovering
from buyer.wallet.file import Wallet
from tests.support.hostile.transport import At, Killed
from tests.support.world.buying import PAYMENTS, PRICE, buy, spent, states
from tests.support.world.real_shop import RealSeller, RealShop

LIMIT = Budget(per_purchase="5.00 USD", total="6.00 USD")


@pytest.fixture
def real(seller: RealSeller, tmp_path: Path, hurry: None) -> RealShop:
    return RealShop.open(seller, tmp_path)


def copied(shop: RealShop, folder: Path) -> RealShop:
    """The wallet as a backup of now would be restored."""
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        copies.backup(wallet, folder / "backup.db", now=shop.now())
    copies.restore(folder / "backup.db", folder / "restored.db")
    return replace(shop, wallet_path=folder / "restored.db", said=[])


def test_an_order_that_was_paid_after_the_backup_gives_its_receipt_and_is_not_paid_again(
    real: RealShop, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        buy(real, before=At(1, Killed(), PAYMENTS))  # signed, and nobody knows it yet
    with closing(Wallet.open(real.wallet_path)) as wallet:
        # As a backup finds it that was made just before it was signed.
        columns = "external_id = NULL, evidence = NULL, draft = NULL, option_id = NULL, payer = NULL"
        copies.backup(wallet, tmp_path / "early.db", now=real.now())
    copies.restore(tmp_path / "early.db", tmp_path / "early_restored.db")
    early = replace(real, wallet_path=tmp_path / "early_restored.db", said=[])
    with closing(Wallet.open(early.wallet_path)) as wallet:
        wallet.transact(
            lambda db: db.execute(
                f"UPDATE purchases SET state = 'requested', cost_amount = NULL, signed_at = NULL, {columns}"
            )
        )
        wallet.transact(lambda db: db.execute("DELETE FROM taken_resources"))
    paid = buy(real)
    recovered = buy(early)
    # The purchase of the copy is the one that was paid; what is bought now is the next one.
    assert states(early)[0] == "paid"
    with closing(Wallet.open(early.wallet_path)) as wallet:
        held = wallet.transact(lambda db: db.execute("SELECT id FROM receipts ORDER BY rowid").fetchall())
    assert [row[0] for row in held] == [paid.id, recovered.id]
    assert (spent(early), real.paid_on_chain()) == (600, 2 * PRICE)


def test_a_payment_that_the_copy_knows_nothing_of_counts_against_its_budget(
    real: RealShop, tmp_path: Path
) -> None:
    copy = copied(real, tmp_path)
    buy(real, 3)
    with pytest.raises(OverBudget) as caught:
        buy(copy, 3, budget=Budget(per_purchase="5.00 USD", total="5.99 USD"))
    assert caught.value.code == "over_total_budget"
    assert (300 <= spent(copy) <= 320, states(copy)[0]) == (True, "abandoned")
    before = spent(copy)
    buy(copy, 1)
    assert spent(copy) == before + 100, "it is counted once"
    assert any("this wallet was restored" in line for line in copy.said)


def test_a_copy_that_cannot_ask_pays_nothing(
    real: RealShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copied(real, tmp_path)

    def gone(request: httpx.Request) -> None:
        raise httpx.ConnectError("gone")

    with pytest.raises(BuyerError):
        buy(copy, before=gone)
    # On a real network a payment of the lost wallet could still be under way for a while.
    monkeypatch.setattr(recovering, "DEVNET", "cardano:other")
    with pytest.raises(WalletError) as caught:
        buy(copy)
    assert (caught.value.code, real.paid_on_chain()) == ("wallet_copied", 0)
    monkeypatch.setattr(recovering, "WAIT_SECONDS", 0)
    assert buy(copy).granted == 3
