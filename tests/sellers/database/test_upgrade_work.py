"""The upgrade of many rows is work in proportion to them, by the plans that SQLite makes: no time is measured."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from paywall.database.opening import open_engine
from paywall.database.schema import upgrade
from shared.redemption_commitment import commitment

#: many are more than two of the migration's chunks
FEW, MANY = 10, 2_500
HASH = "ab" * 32

#: rows of the first schema with the number `i`, by their tables, in the order in which they refer to each other
ROWS = {
    "payment_request": "'request ' || i, 't', 'image-credit', 1, 1, 'USD', 'did:key:z6Mk', 'paid', 1, 2",
    "payment": """'payment ' || i, 'request ' || i, 'cardano', 'hash ' || i, 'hash ' || i, 0, 'cardano',
        'did:key:z6Mk', 1, x'00', 1, 'settled', 0, NULL, 1, 1""",
    "receipt": "'receipt ' || i, 'request ' || i, 'payment ' || i, 'did:key:z6Mk', 't', 1, 2",
    "credit_account": "'receipt ' || i, 'image-credit', 1, 0, 0, 1, 0, 0, 2",
    "posting": """'grant:' || i, 'granted', 'receipt ' || i, -1, 1 FROM numbers
        UNION ALL SELECT 'grant:' || i, 'available', 'receipt ' || i, 1, 1""",
    "redemption": f"""'use ' || i, 'receipt ' || i, 'key ' || i, '{HASH}', 'name', 'x', 'captured', 1, 1, NULL,
        'image ' || i, 's', 'image/png', 1, 1""",
    "burn": "'use ' || i, x'07', NULL, NULL, 1",
}
BOUND = "SELECT redemption_id, commitment FROM burn"
POSTED = "SELECT transfer, source, target, account_id, amount, created_at FROM posting"
INSERT = """INSERT INTO {table} WITH RECURSIVE numbers(i) AS (
    SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {count}) SELECT {values} FROM numbers"""


@dataclass
class Plan:
    """`whole` are the steps of a statement that go through all rows of a table of ours, or sort them."""

    whole: list[str]
    runs: int = 0


def plans_of(engine: Engine, work: Callable[[Engine], None]) -> dict[str, Plan]:
    """What `work` runs on the engine, by its SQL; planned at the moment when it runs, with the schema of then."""
    plans: dict[str, Plan] = {}

    def note(
        connection: Connection, _cursor: object, sql: str, values: Any, _context: object, many: bool
    ) -> None:
        if not re.match(r"\s*(?:SELECT|INSERT|UPDATE|DELETE)\b", sql):
            return
        if sql not in plans:
            cursor = connection.connection.cursor()
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values[0] if many else values)
            plans[sql] = Plan([str(step) for *_, step in cursor.fetchall() if goes_through_all(str(step))])
        plans[sql].runs += len(values) if many else 1

    event.listen(engine, "before_cursor_execute", note)
    try:
        work(engine)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return plans


def goes_through_all(step: str) -> bool:
    """An automatic index is made anew for each run."""
    return re.match(r"SCAN (?!sqlite_)|USE TEMP B-TREE|.* AUTOMATIC ", step) is not None


def upgraded(url: str, count: int) -> dict[str, Plan]:
    """The plans of the upgrade of a database of the first schema that has `count` rows in each table."""
    with open_engine(url) as engine:
        upgrade(engine, "0001")
        with engine.begin() as connection:
            for table, values in ROWS.items():
                connection.execute(text(INSERT.format(table=table, count=count, values=values)))
        return plans_of(engine, upgrade)


def test_an_upgrade_of_many_rows_reads_no_table_more_often_than_one_of_few(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'many.db'}"
    few, many = upgraded(f"sqlite:///{tmp_path / 'few.db'}", FEW), upgraded(url, MANY)
    assert {sql: plan.whole for sql, plan in many.items() if len(plan.whole) > 1} == {}, (
        "a join of whole tables"
    )
    whole_readings = [
        {sql: (plan.runs, plan.whole) for sql, plan in plans.items() if plan.whole} for plans in (few, many)
    ]
    assert whole_readings[0] == whole_readings[1]
    assert max(plan.runs for plan in many.values()) == MANY
    with open_engine(url) as engine, engine.connect() as connection:
        bound = {name: bytes(raw) for name, raw in connection.execute(text(BOUND))}
        assert set(connection.execute(text(POSTED))) == {
            (f"grant:{n}", "granted", "available", f"receipt {n}", 1, 1) for n in range(MANY)
        }
    assert bound == {
        f"use {n}": commitment(f"receipt {n}", f"use {n}", bytes.fromhex(HASH), f"key {n}")
        for n in range(MANY)
    }
