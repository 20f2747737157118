"""Statements on many rows at once, for PostgreSQL alone: one round trip, and one array a column."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlmodel import SQLModel


class ManyRows:
    """Into the table of `row`, with those columns; a row whose key is there already is passed over.

    To be run with a list for each column. Gives a row for each that was inserted.
    """

    def __init__(self, row: type[SQLModel], columns: Sequence[str]) -> None:
        self._row = row
        self._columns = tuple(columns)
        self._text = ""

    def bind(self, dialect: Dialect, values: dict[str, Any]) -> tuple[str, Any, bool]:
        """As `CompiledStatement.bind`."""
        self._text = self._text or self._compile(dialect)
        return self._text, values, True

    def _compile(self, dialect: Dialect) -> str:
        table: Any = self._row.__table__  # type: ignore[attr-defined]
        names = ", ".join(self._columns)
        arrays = ", ".join(f"%({name})s::{table.c[name].type.compile(dialect)}[]" for name in self._columns)
        return (  # names of our own columns
            f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608
            " ON CONFLICT DO NOTHING RETURNING 1"
        )


class PostgresText:
    """A statement that gives rows, in PostgreSQL's own SQL and psycopg's `%(name)s`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def bind(self, _dialect: Dialect, values: dict[str, Any]) -> tuple[str, Any, bool]:
        """As `CompiledStatement.bind`."""
        return self._text, values, True


def columns_of(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The rows, all of the same names, as a list for each name."""
    return {name: [row[name] for row in rows] for name in rows[0]}
