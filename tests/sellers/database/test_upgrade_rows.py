"""Rows of schemas before 8 and 9 are found where they stand now, and nothing else changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from paywall.database.opening import open_engine
from paywall.database.schema import HEAD, upgrade, version
from tests.support.services.postgres import Postgres

HASH = "ab" * 32
ROWS = f"""
INSERT INTO credit_account (id, owner_kind, product, granted, available, reserved, captured, expired, revoked, moved,
    expires_at) VALUES ('a', 'bearer', 'p', 3, 1, 0, 2, 0, 0, 0, 9);
INSERT INTO posting VALUES ('use:2', 'available', 'captured', 'a', 1, 2), ('grant', 'granted', 'available', 'a', 3, 1),
    ('use:1', 'available', 'captured', 'a', 1, 1);
INSERT INTO redemption (id, account_id, idempotency_key, request_hash, state, attempt, deadline, delivery, sha256,
    media_type, created_at, updated_at, resource, request, document, quantity, owes_burn) VALUES
    ('2', 'a', 'k2', '{HASH}', 'captured', 1, 1, 'ref2', '{HASH}', 't', 1, 1, 'quick', 'r', 'd', 1, TRUE),
    ('1', 'a', 'k1', '{HASH}', 'captured', 1, 1, 'ref1', '{HASH}', 't', 1, 1, 'images', 'r', 'd', 1, TRUE),
    ('3', 'a', 'k3', '{HASH}', 'released', 1, 1, NULL, NULL, NULL, 1, 1, 'quick', 'r', 'd', 1, TRUE);
INSERT INTO image VALUES ('1', 'name', 'Abraham Lincoln');
INSERT INTO delivery VALUES ('ref2', $BODY$);
INSERT INTO burn_batch (id, policy_id, number, root, version, size, quantity, state, confirmations, created_at,
    updated_at) VALUES ('b', 'p', 1, $ROOT$, 2, 1, 1, 'submitted', 0, 1, 1);
INSERT INTO burn (redemption_id, salt, commitment, quantity, batch_id, leaf_index, created_at) VALUES
    ('2', $SALT$, $ROOT$, 1, NULL, NULL, 2), ('1', $SALT$, $ROOT$, 1, 'b', 0, 1)
"""
BODY, ROOT, SALT = b"a cat", b"r" * 32, b"s" * 16


def written(connection: Connection) -> None:
    kind = "'\\x{}'" if connection.dialect.name == "postgresql" else "x'{}'"
    rows = ROWS
    for name, value in (("BODY", BODY), ("ROOT", ROOT), ("SALT", SALT)):
        rows = rows.replace(f"${name}$", kind.format(value.hex()))
    for statement in rows.split(";"):
        connection.execute(text(statement.replace(":", r"\:")))


def told(connection: Connection, query: str) -> list[tuple[object, ...]]:
    rows = connection.execute(text(query)).all()
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]


def test_each_row_is_where_it_is_looked_for_now(bare_url: str) -> None:
    postings = (
        "SELECT transfer, source, target, account_id, amount, created_at FROM posting ORDER BY transfer"
    )
    burns = (
        "SELECT redemption_id, salt, commitment, quantity, batch_id, leaf_index, created_at"
        " FROM burn ORDER BY redemption_id"
    )
    with open_engine(bare_url) as engine:
        upgrade(engine, "0007")
        with engine.begin() as connection:
            written(connection)
            before = told(connection, postings), told(connection, burns)
        upgrade(engine, HEAD)
        with engine.connect() as connection:
            assert (told(connection, postings), told(connection, burns)) == before
            assert [len(rows) for rows in before] == [3, 2]
            bodies = told(connection, "SELECT id, delivery, body FROM redemption ORDER BY id")
            assert bodies == [("1", "ref1", None), ("2", "ref2", BODY), ("3", None, None)]
        with engine.begin() as connection, pytest.raises(IntegrityError):  # a leaf is one burn's
            connection.execute(
                text("UPDATE burn SET batch_id = 'b', leaf_index = 0 WHERE redemption_id = '2'")
            )
        with engine.begin() as connection, pytest.raises(IntegrityError):  # and a transfer happens once
            connection.execute(text("INSERT INTO posting SELECT * FROM posting WHERE transfer = 'grant'"))


def test_payment_requests_keep_their_whole_tokens(bare_url: str) -> None:
    told_of_them = """SELECT id, token, product, credits, price, currency, holder, state, created_at, expires_at
        FROM payment_request ORDER BY id"""
    with open_engine(bare_url) as engine:
        upgrade(engine, "0008")
        with engine.begin() as connection:
            for row in (
                "'2', 'b token', 'p', 3, 300, 'USD', 'h', 'paid', 1, 901",
                "'1', 'a', 'p', 1, 9, 'USD', NULL, 'open', 2, 902",
            ):
                connection.execute(text(f"INSERT INTO payment_request VALUES ({row})"))
            before = told(connection, told_of_them)
        upgrade(engine, HEAD)
        with engine.begin() as connection:
            assert told(connection, told_of_them) == before
            assert [row[0] for row in before] == ["1", "2"]
            connection.execute(
                text(
                    "UPDATE payment_request SET token = NULL, terms_id = :id, signature = 's' WHERE id = '1'"
                ),
                {"id": b"terms"},
            )
        for wrong in (
            "token = NULL WHERE id = '2'",
            "signature = NULL WHERE id = '1'",
            "credits = 0",
            "state = 'x'",
        ):
            with engine.begin() as connection, pytest.raises(IntegrityError):
                connection.execute(text(f"UPDATE payment_request SET {wrong}"))


def test_an_upgrade_and_a_use_that_is_under_way_do_not_wait_for_each_other(postgres: Postgres) -> None:
    """A use has its proof first, its redemption after; the upgrade waits for it, and it for nobody."""
    url = postgres.create(bare=True)
    waits = (
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE NOT granted AND datname = current_database()"
    )
    with open_engine(url) as engine, ThreadPoolExecutor(1) as beside:
        upgrade(engine, "0007")
        with engine.connect() as use, engine.connect() as looking:
            use.execute(text("INSERT INTO holder_proof VALUES (1, 'a', 'b')"))
            upgrading = beside.submit(upgrade, engine, HEAD)
            while not looking.execute(text(waits)).scalar():
                assert not upgrading.done()
                looking.rollback()
            use.execute(text("SET lock_timeout = '5s'; SELECT id FROM redemption"))
            use.commit()
        upgrading.result()
        assert version(engine) == HEAD
