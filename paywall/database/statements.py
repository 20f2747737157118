"""Hot statements: written once as SQLAlchemy expressions, compiled once a dialect, run on the driver's cursor.

SQLAlchemy's execution costs 60 to 100 microseconds a statement, the driver 3. Only what every sale and
redemption runs is written so; everything else is plain SQLModel. Columns are integers, text and bytes alone,
so no value needs converting on the way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.sql.base import Executable

#: `build` is given the dialect's own `insert` (for ON CONFLICT), and returns the statement.
Build = Callable[[Any], Executable]


class CompiledStatement:
    """A statement that `build` makes at its first use; its text is kept for each database's dialect."""

    def __init__(self, build: Build, columns: Sequence[str] | None = None) -> None:
        """`columns`: for an INSERT without `.values()`, the columns that will be given."""
        self._build = build
        self._columns = list(columns) if columns is not None else None
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def bind(self, dialect: Dialect, values: Mapping[str, Any]) -> tuple[str, Any]:
        """The statement's text and its parameters in the driver's own style. KeyError for a value left out."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        text, order, constants = compiled
        if order is None:
            return text, {**constants, **values}
        if constants:
            values = {**constants, **values}
        return text, [values[name] for name in order]

    def _compile(self, dialect: Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
        statement = self._build(_insert_of(dialect.name))
        compiled = statement.compile(dialect=dialect, column_keys=self._columns)  # type: ignore[attr-defined]
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        order = list(compiled.positiontup) if compiled.positiontup is not None else None
        return str(compiled), order, constants


def _insert_of(dialect: str) -> Any:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert
