"""Payments of the first schema, upgraded: none is lost, none is free to be claimed again, and the open ones settle."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from paywall.cli.commands import migrate
from paywall.database.opening import open_engine
from paywall.database.schema import MIGRATIONS
from paywall.settings import Settings
from tests.support.processes.devnet import DevnetProcess
from tests.support.services.postgres import Postgres
from tests.support.world.loop import in_loop
from tests.support.world.seller import open_seller
from tests.support.world.settling import granted, is_settling, request_of, status, work

MANY = 1201
REQUEST = {
    "id": "request 0",
    "token": "a token",
    "product": "image-credit",
    "credits": 3,
    "price": 300,
    "currency": "USD",
    "holder": None,
    "state": "settling",
    "created_at": 1,
    "expires_at": 901,
}
PAYMENT = {
    "id": "payment 0",
    "payment_request_id": "request 0",
    "rail": "cardano",
    "external_id": "ab" * 32,
    "tx_hash": "ab" * 32,
    "output_index": 1,
    "option_id": "cardano",
    "payer": "did:key:z6Mk",
    "amount": 5,
    "transaction": b"\x00\xff signed",
    "expiry_slot": 2**40,
    "state": "settling",
    "tries": 2,
    "reason": None,
    "created_at": 3,
    "updated_at": 4,
}
BY_HASH = {"transaction": None, "expiry_slot": None}
RECEIPT = {
    "id": "urn:uuid:1",
    "payment_request_id": "request 0",
    "payment_id": "payment 0",
    "payer": "did:key:z6Mk",
    "token": "a receipt",
    "created_at": 5,
    "expires_at": 6,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with the first schema."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.create(bare=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with open_engine(url) as engine, engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    return url


def insert(connection: Connection, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), dict(row))


def write(url: str, table: str, *rows: Mapping[str, Any]) -> None:
    with open_engine(url) as engine, engine.begin() as connection:
        for row in rows:
            insert(connection, table, row)


def read(url: str, table: str) -> list[dict[str, Any]]:
    with open_engine(url) as engine, engine.connect() as connection:
        return [
            dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings()
        ]


def upgrade(url: str) -> None:
    migrate(Settings(database_url=url))


def test_what_a_rail_needs_of_a_payment_becomes_its_document(old_url: str) -> None:
    write(old_url, "payment_request", REQUEST)
    by_hash = {**PAYMENT, **BY_HASH, "id": "payment 1", "external_id": "cd" * 32, "tx_hash": "cd" * 32}
    write(old_url, "payment", PAYMENT, {**by_hash, "state": "surplus", "reason": "paid_late"})
    write(old_url, "receipt", RECEIPT)
    upgrade(old_url)
    ours, landed = read(old_url, "payment")
    assert json.loads(ours.pop("rail_state")) == {
        "transaction": base64.b64encode(b"\x00\xff signed").decode(),
        "expirySlot": 2**40,
        "outputIndex": 1,
    }
    assert json.loads(landed.pop("rail_state")) == {
        "transaction": None,
        "expirySlot": None,
        "outputIndex": 1,
    }
    gone = {"tx_hash", "output_index", "transaction", "expiry_slot"}
    kept = {name: value for name, value in PAYMENT.items() if name not in gone}
    assert ours == {**kept, "final_at": None, "signed": True}
    assert (landed["state"], landed["reason"], landed["external_id"]) == ("surplus", "paid_late", "cd" * 32)
    assert read(old_url, "receipt") == [RECEIPT]


def test_however_many_payments_there_are_each_has_its_document(old_url: str) -> None:
    write(old_url, "payment_request", REQUEST)
    rows = [
        {**PAYMENT, "id": f"payment {n}", "external_id": f"{n:064}", "tx_hash": f"{n:064}", "expiry_slot": n}
        for n in range(MANY)
    ]
    write(old_url, "payment", *({**row, "state": "surplus"} for row in rows))
    upgrade(old_url)
    found = read(old_url, "payment")
    assert len(found) == MANY
    assert all(json.loads(row["rail_state"])["expirySlot"] == int(row["external_id"]) for row in found)


def test_what_guards_a_payment_guards_it_still(old_url: str) -> None:
    write(old_url, "payment_request", REQUEST)
    write(old_url, "payment", PAYMENT)
    upgrade(old_url)
    (row,) = read(old_url, "payment")
    other = {**row, "id": "payment 1", "external_id": "cd" * 32}
    for wrong in (
        {**row, "id": "payment 1", "state": "surplus"},  # the same payment
        other,  # another that settles the same request
        {**other, "state": "lost"},
        {**other, "state": "surplus", "payment_request_id": "nobody's"},
        {**other, "state": "surplus", "rail_state": None},
    ):
        with pytest.raises(IntegrityError):
            write(old_url, "payment", wrong)
    write(old_url, "payment", {**other, "state": "surplus"})
    with open_engine(old_url) as engine:
        names = {index["name"] for index in inspect(engine).get_indexes("payment")}
    assert names >= {"ix_payment_state", "uq_payment_settling"}


@in_loop
async def test_payments_that_were_settling_are_settled_after_the_upgrade(
    devnet: DevnetProcess, tmp_path: Path, old_url: str
) -> None:
    folder = tmp_path / "shop"
    async with open_seller(devnet, folder, confirmations=2) as seller:
        one, two = seller.payer(), seller.payer()
        bought = {one: await one.buy(3), two: await two.buy(3)}
        devnet.control("faults", {"submit": "lose"})
        by_bytes = one.claim(bought[one], raw=(await one.build(bought[one])).raw)
        assert is_settling(await seller.claim(by_bytes))
        landed = await two.build(bought[two])
        await seller.parts.chain.submit(landed.raw)
        devnet.blocks()
        assert is_settling(await seller.claim(two.claim(bought[two], tx_hash=landed.id)))
    _as_the_first_schema_had_them(f"sqlite:///{folder / 'paywall.db'}", old_url)
    upgrade(old_url)
    async with open_seller(devnet, folder, database_url=old_url, confirmations=2) as seller:
        await work(seller)
        devnet.blocks(2)
        await work(seller)
        for payer, token in bought.items():
            assert "receipt" in await status(seller, payer, request_of(seller, token))
        assert await granted(seller) == [3, 3]
        assert await seller.invariants() == []


def _as_the_first_schema_had_them(new: str, old: str) -> None:
    for row in read(new, "payment_request"):
        write(old, "payment_request", {name: row[name] for name in REQUEST})
    for row in read(new, "payment"):
        state = json.loads(row.pop("rail_state"))
        del row["final_at"], row["signed"]
        raw = state["transaction"]
        columns = {
            "transaction": base64.b64decode(raw) if raw else None,
            "expiry_slot": state["expirySlot"],
            "output_index": state["outputIndex"],
            "tx_hash": row["external_id"],
        }
        write(old, "payment", {**row, **columns})
