"""All tables, and the check that the database has them.

The version is read with plain SQL; Alembic, which costs a second, is imported only when it is behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlmodel import SQLModel

from paywall.errors import SetupError

#: the newest migration; a test compares it with the folder
HEAD = "0014"
MIGRATIONS = Path(__file__).parent / "migrations"


@cache
def metadata() -> MetaData:
    """All tables: a room's stand in its `tables.py`, and importing that is what fills the metadata."""
    home = Path(__file__).parents[1]
    for path in sorted(home.rglob("tables.py")):
        import_module(".".join(("paywall", *path.relative_to(home).with_suffix("").parts)))
    return SQLModel.metadata


def version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def ensure_schema(engine: Engine, *, migrate: bool) -> None:
    """Errors: SetupError when the schema is behind and may not be changed here, or is newer than the code."""
    found = version(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SetupError(
            f"The database has schema {found}; this version of paywall knows {HEAD}. Upgrade paywall."
        )
    if not migrate:
        raise SetupError(
            f"The database has schema {found or 'none'}, {HEAD} is needed: stop every `paywall serve` and"
            " `paywall worker` of it, then run `paywall migrate`."
        )
    upgrade(engine)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`, all or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection, _without_foreign_keys(connection), connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            assert not broken, f"the migration left rows without what they refer to: {broken[:3]}"


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, which its foreign keys would refuse: they are checked at the end."""
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()  # past SQLAlchemy: inside a transaction the pragma does nothing
    cursor.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys = ON")
