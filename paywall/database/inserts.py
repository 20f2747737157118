"""Rows into one table, one or many of them, on the driver's cursor; and PostgreSQL's own statements."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlmodel import SQLModel

from paywall.database.engine import Transaction

Values = tuple[Any, ...]
_MARKS = {"sqlite": "?", "postgresql": "%s"}


class Insertion:
    """Into the table of `row`, with those columns; each row that is given has their values, in their order."""

    def __init__(self, row: type[SQLModel], columns: Sequence[str], *, unless: Sequence[str] = ()) -> None:
        """`unless` a row with the same values in these columns is there, which have a unique key."""
        self._table: Any = row.__table__  # type: ignore[attr-defined]
        self._columns = tuple(columns)
        self._into = f"INSERT INTO {self._table.name} ({', '.join(columns)})"
        known = f" ON CONFLICT ({', '.join(unless)}) DO NOTHING" if unless else ""
        self._one = {
            dialect: f"{self._into} VALUES ({', '.join([mark] * len(columns))}){known}"
            for dialect, mark in _MARKS.items()
        }
        self._many = ""

    def one(self, tx: Transaction, row: Values) -> bool:
        """Whether it was inserted. Errors: the database's own, for another key that is there already."""
        return tx.change(self._one[tx.dialect.name], row) == 1

    def many(self, tx: Transaction, rows: Sequence[Values]) -> bool:
        """On PostgreSQL: one statement, with an array for each column. False where a key of one is there already."""
        if not rows:
            return True
        self._many = self._many or self._compiled(tx.dialect)
        columns = [list(column) for column in zip(*rows, strict=True)]
        return tx.change(self._many, columns) == len(rows)

    def _compiled(self, dialect: Dialect) -> str:
        types = (self._table.c[name].type.compile(dialect) for name in self._columns)
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        # names of our own columns
        return f"{self._into} SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"  # noqa: S608


class PostgresText:
    """A statement that gives rows, in PostgreSQL's own SQL and psycopg's `%(name)s`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def bind(self, _dialect: Dialect, values: dict[str, Any]) -> tuple[str, Any, bool]:
        """As `CompiledStatement.bind`."""
        return self._text, values, True
