"""The wallet at rest: encrypted by choice, refused when it is damaged, somebody else's, or in others' hands."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from buyer.budget import Budget
from buyer.errors import SellerFault, UsageError, WalletError
from buyer.purchase import receipts
from buyer.wallet import copies, secrecy
from buyer.wallet.file import Wallet
from shared.tokens.receipt import Receipt
from tests.unit.buyer.purchase.purchase_samples import NOW, pay, requested, spent

WORDS, TOKEN = "correct horse battery", "eyJ-a-receipt-that-is-worth-money"
RECEIPT = "urn:uuid:00000000-0000-4000-8000-000000000000"


def keep_receipt(wallet: Wallet, name: str = "a", receipt_id: str = RECEIPT) -> None:
    signed = pay(wallet, requested(wallet, name), Budget("3.00 USD"), (f"{name}#0",))
    made = Receipt(receipt_id, "did:x", "did:y", NOW, NOW + 1, "token", "cardano", {}, None)
    wallet.transact(lambda db: receipts.store(db, signed, made, TOKEN))


def tokens(wallet: Wallet) -> list[str]:
    return [held.token for held in wallet.transact(receipts.every)]


@pytest.fixture
def encrypted(wallet: Wallet, path: Path) -> Iterator[Wallet]:
    keep_receipt(wallet)
    wallet.rewrite(secrecy.change(wallet.key, WORDS))
    with closing(Wallet.open(path, lambda: WORDS)) as opened:
        yield opened


def test_nothing_secret_is_left_in_an_encrypted_file(wallet: Wallet, encrypted: Wallet, path: Path) -> None:
    seed = wallet.key.seed
    raw = path.read_bytes()
    assert seed not in raw
    assert TOKEN.encode() not in raw
    assert (encrypted.key.seed, tokens(encrypted)) == (seed, [TOKEN])


def test_a_receipt_that_comes_later_is_encrypted_too(encrypted: Wallet, path: Path) -> None:
    keep_receipt(encrypted, "b", RECEIPT[:-1] + "1")
    assert TOKEN.encode() not in path.read_bytes()
    assert tokens(encrypted) == [TOKEN, TOKEN]


def test_a_wallet_can_be_made_encrypted_and_decrypted(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with closing(Wallet.create(path, passphrase=WORDS)) as made:
        seed = made.key.seed
        keep_receipt(made)
        assert seed not in path.read_bytes()
        made.rewrite(secrecy.change(made.key, None))
    with closing(Wallet.open(path)) as plain:
        assert (plain.key.seed, tokens(plain), plain.encrypted) == (seed, [TOKEN], False)


def test_without_its_passphrase_a_wallet_shows_what_is_not_secret_and_signs_nothing(
    wallet: Wallet, encrypted: Wallet, path: Path
) -> None:
    with closing(Wallet.open(path)) as locked:
        assert (locked.address, locked.did, spent(locked)) == (wallet.address, wallet.did, 300)
        assert tokens(locked) == [""]
        with pytest.raises(WalletError) as caught:
            _ = locked.key
        assert caught.value.code == "wallet_locked"
        with pytest.raises(WalletError):
            keep_receipt(locked, "b", RECEIPT[:-1] + "1")
    with pytest.raises(WalletError) as wrong:
        Wallet.open(path, lambda: "battery staple")
    assert wrong.value.code == "passphrase_wrong"


def test_who_opened_it_before_it_was_encrypted_writes_nothing_in_clear(
    wallet: Wallet, encrypted: Wallet
) -> None:
    with pytest.raises(WalletError) as caught:
        keep_receipt(wallet, "b")
    assert caught.value.code == "wallet_changed"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE settings SET value = zeroblob(60) WHERE key = 'seed'",
        "UPDATE settings SET value = zeroblob(9) WHERE key = 'lock'",
        "UPDATE settings SET value = replace(value, '32768', '1073741824') WHERE key = 'lock'",
        "UPDATE settings SET value = (SELECT value FROM other.settings WHERE key = 'public') WHERE key = 'public'",
    ],
)
def test_a_lock_that_was_tampered_with_does_not_open(
    encrypted: Wallet, path: Path, tmp_path: Path, change: str
) -> None:
    Wallet.create(tmp_path / "other.db").close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ATTACH ? AS other", (str(tmp_path / "other.db"),))
        db.execute(change)
    with pytest.raises(WalletError) as caught:
        Wallet.open(path, lambda: WORDS)
    assert caught.value.code == "wallet_damaged"


def test_a_receipts_box_in_anothers_place_does_not_open(encrypted: Wallet) -> None:
    encrypted.transact(lambda db: db.execute("UPDATE receipts SET id = ?", (RECEIPT[:-1] + "9",)))
    with pytest.raises(WalletError):
        tokens(encrypted)


def test_a_folder_that_others_may_write_to_is_refused(wallet: Wallet, path: Path) -> None:
    path.parent.chmod(0o770)
    with pytest.raises(WalletError) as caught:
        Wallet.open(path)
    assert (caught.value.code, "chmod go-w" in caught.value.hint) == ("wallet_permissions", True)
    path.parent.chmod(0o1777)  # as /tmp: nobody can take away what is another's
    Wallet.open(path).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_wallet_or_a_folder_of_another_user_is_refused(wallet: Wallet, path: Path) -> None:
    for place in (path, path.parent):
        os.chown(place, 12345, -1)
        with pytest.raises(WalletError) as caught:
            Wallet.open(path)
        assert caught.value.code == "wallet_owner"
        os.chown(place, os.geteuid(), -1)


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
@pytest.mark.parametrize("version", [0, 2, 3, 4])
def test_another_programs_database_is_refused_and_left_as_it_is(
    tmp_path: Path, mode: str, version: int
) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute("CREATE TABLE settings (key, value)")
        db.execute(f"PRAGMA user_version = {version}")
    path.chmod(0o600)
    before = path.read_bytes()
    with pytest.raises(WalletError) as caught:
        Wallet.open(path)
    assert caught.value.code == "wallet_foreign"
    assert path.read_bytes() == before


def test_a_damaged_wallet_is_refused(wallet: Wallet, path: Path) -> None:
    keep_receipt(wallet)
    wallet.close()
    raw = bytearray(path.read_bytes())
    for page in range(1, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(raw)
    with pytest.raises(WalletError) as caught:
        Wallet.open(path)
    assert caught.value.code in {"wallet_damaged", "wallet_unreadable"}


def test_a_full_disk_is_a_wallets_error_and_nothing_is_half_stored(wallet: Wallet) -> None:
    pages = wallet.transact(lambda db: db.execute("PRAGMA page_count").fetchone()[0])

    def fill(db: sqlite3.Connection) -> None:
        db.execute(f"PRAGMA max_page_count = {pages}")
        db.execute("INSERT INTO settings VALUES ('big', zeroblob(1000000))")

    with pytest.raises(WalletError) as caught:
        wallet.transact(fill)
    assert caught.value.code == "wallet_unwritable"
    assert wallet.transact(lambda db: db.execute("SELECT * FROM settings WHERE key = 'big'").fetchall()) == []


def test_a_backup_is_private_whole_and_never_written_over_anything(encrypted: Wallet, tmp_path: Path) -> None:
    target = tmp_path / "backup.db"
    copies.backup(encrypted, target, now=NOW)
    assert target.stat().st_mode & 0o777 == 0o600
    assert encrypted.key.seed not in target.read_bytes()
    with pytest.raises(WalletError) as caught:
        copies.backup(encrypted, target, now=NOW)
    assert caught.value.code == "wallet_exists"
    with pytest.raises(UsageError):
        copies.backup(encrypted, tmp_path / "no" / "folder", now=NOW)
    with pytest.raises(WalletError):
        copies.restore(target, encrypted.path)
    copies.restore(target, tmp_path / "again" / "wallet.db")
    with closing(Wallet.open(tmp_path / "again" / "wallet.db", lambda: WORDS)) as again:
        assert (again.did, tokens(again), spent(again)) == (encrypted.did, [TOKEN], 300)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["again", "backup.db", "private"]


def test_a_copy_signs_nothing_until_it_has_looked(wallet: Wallet, tmp_path: Path) -> None:
    copies.backup(wallet, tmp_path / "backup.db", now=NOW)
    for path in (tmp_path / "backup.db", tmp_path / "restored.db"):  # put in place by hand, or by the command
        if not path.exists():
            copies.restore(tmp_path / "backup.db", path)
        with closing(Wallet.open(path)) as copy:
            with pytest.raises(WalletError) as caught:
                pay(copy, requested(copy, path.name), Budget("3.00 USD"), ("a#0",))
            assert caught.value.code == "wallet_copied"
    pay(wallet, requested(wallet, "a"), Budget("3.00 USD"), ("a#0",))


@pytest.mark.parametrize("content", [b"", b"no database" * 500])
def test_a_file_that_is_no_backup_is_not_restored(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(WalletError):
        copies.restore(tmp_path / "file", tmp_path / "wallet.db")
    assert not (tmp_path / "wallet.db").exists()


def test_a_receipt_id_that_was_given_before_is_the_sellers_fault(wallet: Wallet) -> None:
    keep_receipt(wallet)
    with pytest.raises(SellerFault) as caught:
        keep_receipt(wallet, "b")
    assert caught.value.code == "receipt_repeated"
