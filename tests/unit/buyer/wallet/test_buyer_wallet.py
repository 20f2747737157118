"""The wallet: private, durable, whole after a crash, and never spent from twice by buyers side by side."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from buyer.errors import WalletError
from buyer.purchase import store as purchase_store
from buyer.purchase.record import PurchaseKind
from buyer.redemptions import jobs
from buyer.redemptions.jobs import WantedUse
from buyer.wallet.file import Wallet, default_path

NOW = 1_800_000_000
SELLER = "https://seller.example"


def test_a_wallet_is_readable_by_its_owner_alone(wallet: Wallet, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["wallet.db"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o601])
def test_a_wallet_that_others_may_open_is_refused(wallet: Wallet, path: Path, mode: int) -> None:
    wallet.close()
    path.chmod(mode)
    with pytest.raises(WalletError, match=f"mode {mode:04o}") as caught:
        Wallet.open(path)
    assert "chmod 600" in caught.value.hint


def test_a_wallet_keeps_its_key_and_network(path: Path) -> None:
    with (
        closing(Wallet.create(path, network="cardano:preprod")) as made,
        closing(Wallet.open(path)) as opened,
    ):
        assert (opened.did, opened.address, opened.network) == (made.did, made.address, "cardano:preprod")


def test_a_wallet_is_never_made_over_another(wallet: Wallet, path: Path) -> None:
    with pytest.raises(WalletError) as caught:
        Wallet.create(path)
    assert caught.value.code == "wallet_exists"
    with closing(Wallet.open(path)) as opened:
        assert opened.did == wallet.did
    assert [entry.name for entry in path.parent.iterdir()] == ["wallet.db"]


@pytest.mark.parametrize("content", [b"", b"not a database" * 100, b"SQLite format 3\0" + b"\0" * 100])
def test_a_file_that_is_no_wallet_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(WalletError):
        Wallet.open(file)


def test_a_missing_wallet_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(WalletError) as caught:
        Wallet.open(path)
    assert caught.value.hint == "Make one: buyer wallet create"
    assert caught.value.exit_code == 2


def test_an_unknown_network_is_refused(path: Path) -> None:
    with pytest.raises(WalletError):
        Wallet.create(path, network="bitcoin")
    assert not path.exists()


def test_the_default_place_follows_xdg() -> None:
    assert default_path({"XDG_DATA_HOME": "/data"}) == Path("/data/buyer/wallet.db")
    assert default_path({"XDG_DATA_HOME": "relative"}) == default_path({})
    assert default_path({}) == Path.home() / ".local/share/buyer/wallet.db"


def test_what_fails_in_the_middle_leaves_nothing(wallet: Wallet) -> None:
    def work(db: sqlite3.Connection) -> None:
        purchase_store.open_purchase(
            db, PurchaseKind(SELLER, "image-credit", 3), new_id="1", job_id=None, now=NOW
        )
        raise RuntimeError

    with pytest.raises(RuntimeError):
        wallet.transact(work)
    assert wallet.transact(lambda db: db.execute("SELECT count(*) FROM purchases").fetchone()) == (0,)


def test_a_salt_is_kept_once(wallet: Wallet) -> None:
    def story(db: sqlite3.Connection) -> bytes | None:
        db.execute("PRAGMA defer_foreign_keys = ON")  # the receipt is of no matter here
        jobs.want(db, WantedUse.new("key", "receipt", "/use", "{}"), None)
        jobs.delivered(db, "key", "redemption")
        for salt in (b"a" * 16, b"b" * 16):
            jobs.keep_salt(db, "redemption", salt)
        use = jobs.use_of(db, "redemption")
        db.execute("DELETE FROM uses")
        assert use is not None
        return use.own.salt

    assert wallet.transact(story) == b"a" * 16
