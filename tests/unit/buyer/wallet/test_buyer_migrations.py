"""Wallets of earlier versions: opened in place, whole or not at all, and what was under way in them goes on."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from buyer.budget import Budget
from buyer.client import BuyerClient
from buyer.errors import WalletError
from buyer.purchase import allowance, receipts
from buyer.purchase import store as purchase_store
from buyer.purchase.receipts import HeldReceipt
from buyer.wallet.file import Wallet
from buyer.wallet.migrations import STEPS, VERSION, migrate
from buyer.wallet.soundness import APPLICATION, check_ours
from shared.dialects import ack
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, receipt
from shared.tokens.prt import Order
from tests.support.hostile import papers

VERSION_1 = Path(__file__).with_name("wallet_version_1.sql")
NOW = 1_800_000_000
SELLER, BUYER = SigningKey.from_seed(b"s" * 32), SigningKey.from_seed(b"b" * 32)


@pytest.fixture
def old(path: Path) -> Path:
    """A wallet as version 1 left it."""
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1.read_text())
    path.chmod(0o600)
    return path


def read(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def structure(path: Path) -> dict[str, object]:
    """Every table's columns, keys and indexes, whatever was said to make them."""
    tables = [str(name) for (name,) in read(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
    indexes = read(path, "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    return {
        "indexes": sorted(indexes),
        **{
            name: [
                sorted(read(path, f"PRAGMA table_info({name})"), key=str),
                sorted(read(path, f"SELECT [from], [table], [to] FROM pragma_foreign_key_list('{name}')")),
                sorted(read(path, f"SELECT [unique], origin, partial FROM pragma_index_list('{name}')")),
            ]
            for name in sorted(tables)
        },
    }


def test_an_old_wallet_becomes_what_a_new_one_is(old: Path, tmp_path: Path) -> None:
    Wallet.open(old).close()
    Wallet.create(tmp_path / "new.db").close()
    assert structure(old) == structure(tmp_path / "new.db")
    for pragma in ("user_version", "application_id"):
        assert read(old, f"PRAGMA {pragma}") == read(tmp_path / "new.db", f"PRAGMA {pragma}")
    settings = "SELECT key FROM settings ORDER BY key"
    assert read(old, settings) == read(tmp_path / "new.db", settings)
    assert read(old, "PRAGMA foreign_key_check") == []


def test_nothing_in_an_old_wallet_is_lost(old: Path) -> None:
    before = read(old, "SELECT id, state, tx_hash, tx_bytes, expiry_slot FROM purchases ORDER BY rowid")
    outputs = read(old, "SELECT tx_hash || '#' || position FROM spent_outputs")
    with closing(Wallet.open(old)) as wallet:
        assert wallet.did == BUYER.public.did
        assert wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount == 500
        taken = wallet.transact(lambda db: purchase_store.taken_resources(db, "cardano"))
        assert taken == {reference for (reference,) in outputs}
        assert [held.granted for held in wallet.transact(receipts.every)] == [2]
        for identity, state, tx_hash, tx_bytes, expiry_slot in before:
            found = wallet.transact(lambda db, wanted=str(identity): purchase_store.find(db, wanted))  # type: ignore[misc]  # bound now
            assert (found.state, found.external_id) == (state, tx_hash)
            if tx_hash is not None:
                assert found.draft.document == {"expiry_slot": expiry_slot}
                assert found.evidence.payload == {"transaction": tx_bytes}
    assert read(old, "SELECT state, target FROM uses") == [("delivered", "/api/images/generate")]
    assert read(old, "SELECT id, state FROM jobs") == [("run-1", "open")]
    assert read(old, "SELECT credits FROM purchases WHERE job_id = 'run-1'") == [(3,)]


class Till:
    """A seller that takes every claim, and keeps the bytes."""

    def __init__(self) -> None:
        self.claimed: list[str | bytes] = []
        self.orders = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.dumps(self._said(request)).encode()
        return httpx.Response(200, stream=httpx.ByteStream(body))

    def _said(self, request: httpx.Request) -> dict[str, object]:
        if request.url.path == "/api/catalog":
            tier = {"from": 1, "unit_price": {"amount": 100, "currency": "USD", "decimals": 2}}
            products = [{"id": "image-credit", "tiers": [tier]}]
            seller = {"seller": SELLER.public.did, "network": "cardano:devnet"}
            return {**seller, "products": products, "rails": []}
        if request.url.path != "/api/payments":
            self.orders += request.url.path == "/api/images/buy"
            return {}
        claim = ack.read_claim(json.loads(request.content)["payload"], now=NOW)
        self.claimed.append(claim.payload["transaction"])
        order = Order("image-credit", 3, "a" * 56 + ".00", BUYER.public.did)
        paid = papers.receipt(SELLER.public.did, claim.payer, claim.payment_request_token, order, now=NOW)
        return {"receipt": jws.sign(receipt.claims(paid), SELLER)}


def test_a_purchase_that_an_old_wallet_signed_is_claimed_with_the_same_bytes(old: Path) -> None:
    stored = read(old, "SELECT tx_bytes FROM purchases WHERE state = 'signed'")
    till = Till()

    async def buy() -> HeldReceipt:
        with closing(Wallet.open(old)) as wallet:
            async with BuyerClient(
                "http://localhost:8402",
                wallet=wallet,
                budget=Budget("5.00 USD"),
                environment={},
                now=lambda: NOW,
                transport=httpx.MockTransport(till.answer),
            ) as client:
                return await client.buy(3)

    assert asyncio.run(buy()).granted == 3
    assert [(raw,) for raw in till.claimed] == stored
    assert till.orders == 0


def fails(db: sqlite3.Connection) -> None:
    db.execute("DROP TABLE settings")
    raise RuntimeError


def dangles(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM receipts")


@pytest.mark.parametrize(("step", "error"), [(fails, RuntimeError), (dangles, WalletError)])
def test_a_step_that_fails_leaves_the_wallet_as_it_was(
    old: Path, step: Callable[[sqlite3.Connection], None], error: type[Exception]
) -> None:
    before = list(read(old, "SELECT * FROM sqlite_master"))
    with closing(sqlite3.connect(old, isolation_level=None)) as db:
        with pytest.raises(error):
            migrate(db, "it", (*STEPS, step))
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)
    assert read(old, "SELECT * FROM sqlite_master") == before
    assert read(old, "PRAGMA user_version") == [(1,)]
    with closing(Wallet.open(old)) as wallet:
        assert wallet.did == BUYER.public.did


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_a_wallet_of_another_version_is_left_alone(old: Path, version: int) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute(f"PRAGMA user_version = {version}")
        db.execute(f"PRAGMA application_id = {APPLICATION if version else 0}")
    with pytest.raises(WalletError) as caught:
        Wallet.open(old)
    assert caught.value.code == "wallet_version"
    assert read(old, "SELECT count(*) FROM runs") == [(1,)]


def test_an_old_wallet_that_many_open_at_once_is_changed_once(old: Path) -> None:
    found: list[str] = []
    barrier = threading.Barrier(6)

    def open_it() -> None:
        barrier.wait()
        with closing(Wallet.open(old)) as wallet:
            found.append(wallet.did)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [BUYER.public.did] * 6


def test_a_wallet_that_is_brought_up_while_it_is_looked_at_is_no_stranger(old: Path) -> None:
    """Its mark and its version are read one after the other, and changed together."""

    def bring_up(statement: str) -> None:
        if statement == "PRAGMA user_version":
            with closing(sqlite3.connect(old, timeout=0)) as other, suppress(sqlite3.OperationalError):
                other.execute(f"PRAGMA application_id = {APPLICATION}")
                other.execute(f"PRAGMA user_version = {VERSION}")

    with closing(sqlite3.connect(old, isolation_level=None)) as looking:
        looking.set_trace_callback(bring_up)
        check_ours(looking, old)
        looking.set_trace_callback(None)
        assert not looking.in_transaction
