"""The wallet: private, durable, whole after a crash, and never spent from twice by buyers side by side."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from buyer.errors import WalletError
from buyer.proof.verify import OwnUse
from buyer.purchase import store as purchase_store
from buyer.purchase.store import Kind
from buyer.redemptions import jobs
from buyer.wallet.file import Wallet, default_path
from buyer.wallet.schema import UPGRADES
from shared.redemption_commitment import request_hash

NOW = 1_800_000_000
SELLER = "https://seller.example"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "wallet.db"


@pytest.fixture
def wallet(path: Path) -> Iterator[Wallet]:
    with closing(Wallet.create(path)) as made:
        yield made


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
        purchase_store.take_up(db, Kind(SELLER, "image-credit", 3), new_id="1", run_id=None, now=NOW)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        wallet.transact(work)
    assert wallet.transact(lambda db: db.execute("SELECT count(*) FROM purchases").fetchone()) == (0,)


OLD_IMAGES = """
    CREATE TABLE images (
        idempotency_key TEXT PRIMARY KEY,
        receipt_id TEXT NOT NULL REFERENCES receipts (id),
        run_id TEXT REFERENCES runs (id),
        position INTEGER NOT NULL,
        body TEXT NOT NULL,
        redemption_id TEXT UNIQUE,
        path TEXT,
        state TEXT NOT NULL CHECK (state IN ('wanted', 'delivered', 'done'))
    )
"""


def make_old(path: Path) -> str:
    """A wallet as version 1 wrote it, with an image that was delivered; its DID."""
    with closing(Wallet.create(path)) as wallet:
        did = wallet.did
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE images")
        connection.execute(OLD_IMAGES)
        connection.execute(
            "INSERT INTO images VALUES ('key', 'receipt', NULL, 1, ?, 'redemption', 'path', 'done')",
            ('{"name":"Abraham Lincoln"}',),
        )
        connection.execute("PRAGMA user_version = 1")
    return did


def columns(path: Path) -> tuple[list[str], int]:
    with closing(sqlite3.connect(path)) as connection:
        found = [row[1] for row in connection.execute("PRAGMA table_info(images)")]
        return found, connection.execute("PRAGMA user_version").fetchone()[0]


def test_an_old_wallet_is_brought_up_to_date_and_keeps_all_it_holds(path: Path, tmp_path: Path) -> None:
    did = make_old(path)
    for _ in range(2):
        with closing(Wallet.open(path)) as wallet:
            assert wallet.did == did
            use = wallet.transact(lambda db: jobs.use_of(db, "redemption"))
            assert use is not None
            assert use.own == OwnUse(request_hash({"name": "Abraham Lincoln"}), "key", 1)
    Wallet.create(tmp_path / "new.db").close()
    assert columns(path) == columns(tmp_path / "new.db")


def test_an_upgrade_that_fails_leaves_the_wallet_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(path)
    before = columns(path)
    monkeypatch.setitem(UPGRADES, 1, (*UPGRADES[1], "ALTER TABLE nowhere ADD COLUMN x"))
    with pytest.raises(WalletError):
        Wallet.open(path)
    assert columns(path) == before
    monkeypatch.undo()
    Wallet.open(path).close()


@pytest.mark.parametrize("version", [0, 99])
def test_a_file_of_another_version_is_refused_and_not_touched(
    wallet: Wallet, path: Path, version: int
) -> None:
    wallet.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(WalletError) as caught:
        Wallet.open(path)
    assert caught.value.code == "wallet_version"
    assert columns(path)[1] == version


def test_a_salt_is_kept_once(path: Path) -> None:
    make_old(path)
    with closing(Wallet.open(path)) as wallet:
        for salt in (b"a" * 16, b"b" * 16):
            wallet.transact(lambda db, salt=salt: jobs.keep_salt(db, "redemption", salt))  # type: ignore[misc]
        use = wallet.transact(lambda db: jobs.use_of(db, "redemption"))
        assert use is not None
        assert use.own.salt == b"a" * 16
