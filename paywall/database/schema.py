"""All tables, and the check that the database has them.

The version is read with plain SQL; Alembic, which costs a second, is imported only when it is behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlmodel import SQLModel

from paywall.burns import tables as burn_tables
from paywall.credits import tables as credit_tables
from paywall.errors import SetupError
from paywall.keys import tables as key_tables
from paywall.payments import tables as payment_tables
from paywall.redemptions import tables as redemption_tables
from paywall.sales import tables as sales_tables

#: the newest migration; a test compares it with the folder
HEAD = "0002"
#: importing these is what fills the metadata
TABLES = (sales_tables, payment_tables, credit_tables, redemption_tables, burn_tables, key_tables)
MIGRATIONS = Path(__file__).parent / "migrations"


def metadata() -> MetaData:
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
            f"The database has schema {found or 'none'}, {HEAD} is needed: run `paywall migrate`."
        )
    upgrade(engine)


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`, all or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection, _tables_made_anew(connection), connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).all():
            raise SetupError("The database has rows that refer to nothing; it was left as it is.")


@contextmanager
def _tables_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew; with its keys in force, the old one's rows would be missed.

    The pragma counts outside of transactions alone (sqlite.org/lang_altertable.html, section 7).
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        cursor.execute("PRAGMA foreign_keys = ON")
