"""Hot statements: written once as SQLAlchemy expressions, compiled once a dialect, run on the driver's cursor.

SQLAlchemy's execution costs 60 to 100 microseconds a statement, the driver 3. Only what every sale and
redemption runs is written so; everything else is plain SQLModel. Columns are integers, text and bytes alone,
so no value needs converting on the way.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
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
        self._compiled: dict[str, _Compiled] = {}

    def bind(self, dialect: Dialect, values: dict[str, Any]) -> tuple[str, Any, bool]:
        """The text, its parameters in the driver's own style, and whether it gives rows. KeyError for one left out."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = self._compile(dialect)
        text, pick, constants, gives_rows = compiled
        if constants:
            values = constants | values
        return text, values if pick is None else pick(values), gives_rows

    def _compile(self, dialect: Dialect) -> "_Compiled":
        statement = self._build(_insert_of(dialect.name))
        compiled = statement.compile(dialect=dialect, column_keys=self._columns)  # type: ignore[attr-defined]
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        text, order = str(compiled), compiled.positiontup
        gives_rows = text.startswith("SELECT") or " RETURNING " in text
        return text, None if order is None else _picking(order), constants, gives_rows


#: text, what picks the parameters by their order, parameters that are always the same, whether it gives rows
_Compiled = tuple[str, Callable[[dict[str, Any]], Any] | None, dict[str, Any], bool]


def _picking(order: Sequence[str]) -> Callable[[dict[str, Any]], Any]:
    return itemgetter(*order) if len(order) > 1 else lambda values: [values[name] for name in order]


def _insert_of(dialect: str) -> Any:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert
