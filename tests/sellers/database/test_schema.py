"""The schema: migrated as the database's kind asks, equal to the tables, and never newer than the code."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from paywall.cli.commands import migrate
from paywall.compose import compose, open_ring
from paywall.database.liveness import count_living
from paywall.database.opening import open_database, open_engine
from paywall.database.schema import HEAD, MIGRATIONS, metadata, upgrade, version
from paywall.errors import SetupError
from paywall.settings import Settings
from shared.redemption_commitment import commitment
from tests.support.services.postgres import Postgres
from tests.support.world.loop import in_loop


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Of a database that was migrated."""
    migrate(Settings(database_url=database_url))
    with open_engine(database_url) as engine:
        yield engine


def set_version(url: str, number: str) -> None:
    with open_engine(url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": number})


def test_a_fresh_sqlite_database_migrates_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'paywall.db'}"
    open_database(url).close()
    with open_engine(url) as engine:
        assert version(engine) == HEAD


def test_a_fresh_postgresql_database_is_refused_until_it_is_migrated(postgres: Postgres) -> None:
    url = postgres.create(bare=True)
    with pytest.raises(SetupError, match=r"schema none.*`paywall migrate`"):
        open_database(url)
    assert migrate(Settings(database_url=url)) == f"The schema went from nothing to {HEAD}."
    open_database(url).close()
    assert "already" in migrate(Settings(database_url=url))


def test_a_postgresql_database_that_is_behind_is_refused_and_the_command_is_named(postgres: Postgres) -> None:
    url = postgres.create()
    set_version(url, "0000")
    with pytest.raises(SetupError, match=r"schema 0000, .* `paywall migrate`"):
        open_database(url)


def test_a_database_that_is_ahead_is_refused(database_url: str) -> None:
    migrate(Settings(database_url=database_url))
    set_version(database_url, "9999")
    with pytest.raises(SetupError, match=r"9999.*Upgrade paywall"):
        open_database(database_url)


def test_a_database_that_is_ahead_is_not_migrated_but_told_of(database_url: str) -> None:
    migrate(Settings(database_url=database_url))
    set_version(database_url, "9999")
    with pytest.raises(SetupError, match=r"9999.*Upgrade paywall"):
        migrate(Settings(database_url=database_url))


def test_a_postgresql_database_is_not_migrated_while_a_process_of_it_lives(postgres_url: str) -> None:
    living = open_database(postgres_url)
    try:
        living.liveness.own()
        set_version(postgres_url, "0008")
        with pytest.raises(SetupError, match=r"1 of this database's processes still run: stop"):
            migrate(Settings(database_url=postgres_url))
    finally:
        living.close()
    with open_engine(postgres_url) as engine:
        assert count_living(engine) == 0


@in_loop
async def test_a_seller_that_was_started_is_seen_by_migrate(postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=str(tmp_path), database_url=postgres_url, policy="none", blockfrost_url="http://127.0.0.1:9"
    )
    seller = compose(settings, open_ring(settings))
    try:
        await seller.start()
        with open_engine(postgres_url) as engine:
            assert count_living(engine) == 1
    finally:
        await seller.close()


OPENED_BY: dict[str, Callable[[str], object]] = {
    "a seller": open_database,
    "migrate": lambda url: migrate(Settings(database_url=url)),
}


@pytest.mark.parametrize("open_it", OPENED_BY.values(), ids=OPENED_BY)
def test_a_postgresql_server_that_cannot_be_reached_is_told_in_a_sentence_without_the_password(
    open_it: Callable[[str], object],
) -> None:
    with pytest.raises(SetupError, match="cannot be opened") as refusal:
        open_it("postgresql://somebody:a-secret@127.0.0.1:1/paywall")
    assert "a-secret" not in refusal.value.detail


@pytest.mark.parametrize("number", ["0000", "9999"])
def test_looking_at_a_sqlite_file_of_another_schema_is_refused(tmp_path: Path, number: str) -> None:
    url = f"sqlite:///{tmp_path / 'paywall.db'}"
    open_database(url).close()
    set_version(url, number)
    with pytest.raises(SetupError, match=number):
        open_database(url, writing=False)


def test_a_migration_that_fails_leaves_the_database_as_it_was(bare_url: str) -> None:
    with open_engine(bare_url) as engine, engine.begin() as connection:
        connection.execute(text("CREATE TABLE receipt (in_the_way INTEGER)"))
    with pytest.raises(Exception, match="receipt"):
        migrate(Settings(database_url=bare_url))
    with open_engine(bare_url) as engine:
        assert inspect(engine).get_table_names() == ["receipt"]


def test_the_migrations_make_the_tables_that_the_code_declares(engine: Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata()) == []
    assert len(metadata().tables) >= 11


def test_the_migrations_make_the_checks_that_the_code_declares(engine: Engine) -> None:
    looking = inspect(engine)
    for table in metadata().tables.values():
        declared = {
            str(check.name): plain(str(check.sqltext))
            for check in table.constraints
            if isinstance(check, CheckConstraint)
        }
        made = looking.get_check_constraints(table.name)
        assert sorted(str(check["name"]) for check in made) == sorted(declared)
        if engine.dialect.name == "sqlite":  # PostgreSQL writes conditions in its own way
            assert {str(check["name"]): plain(check["sqltext"]) for check in made} == declared


def plain(condition: str) -> str:
    return " ".join(condition.split())


def test_the_code_knows_the_newest_migration() -> None:
    numbers = sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert numbers[-1] == HEAD
    assert len(numbers) == len(set(numbers))


def test_a_start_on_a_current_schema_does_not_load_alembic(database_url: str) -> None:
    open_database(database_url).close()
    script = (
        "import sys; from paywall.database.opening import open_database; open_database(sys.argv[1]).close(); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script, database_url], check=False).returncode == 0


OLD_ROWS = """
INSERT INTO redemption VALUES
    ('r0', 'urn:uuid:a', 'k0', '{hash}', 'name', 'x', 'captured', 1, 1, NULL, 'i0', 's', 't', 1, 1),
    ('r1', 'urn:uuid:a', 'k1', '{hash}', 'name', 'x', 'captured', 1, 1, NULL, 'i1', 's', 't', 1, 1),
    ('r2', 'urn:uuid:b', 'k2', '{hash}', 'name', 'x', 'captured', 1, 1, NULL, 'i2', 's', 't', 1, 1);
INSERT INTO burn_batch
    (id, policy_id, number, root, size, state, tx_hash, confirmations, created_at, updated_at)
    VALUES ('b', 'p', 1, {root}, 2, 'submitted', 't', 0, 1, 1);
INSERT INTO burn (redemption_id, salt, batch_id, leaf_index, created_at) VALUES
    ('r0', {salt}, 'b', 0, 1), ('r1', {salt}, 'b', 1, 1), ('r2', {salt}, NULL, NULL, 1);
INSERT INTO burn_attempt VALUES ('t', 'b', 1, {salt}, 1, 1, NULL, FALSE, 1);
""".replace("{hash}", "ab" * 32)


def test_old_burns_are_of_one_token_bound_to_their_use_and_old_batches_keep_their_root(bare_url: str) -> None:
    prefix, suffix = ("'\\x", "'") if "postgres" in bare_url else ("x'", "'")
    rows = OLD_ROWS.format(root=f"{prefix}{'cd' * 32}{suffix}", salt=f"{prefix}{'07' * 16}{suffix}")
    with open_engine(bare_url) as engine:
        upgrade(engine, "0001")
        with engine.begin() as connection:
            for statement in rows.split(";")[:-1]:
                connection.execute(text(statement.replace(":", r"\:")))
    assert migrate(Settings(database_url=bare_url)) == f"The schema went from 0001 to {HEAD}."
    bound = "SELECT redemption_id, quantity, commitment FROM burn ORDER BY redemption_id"
    with open_engine(bare_url) as engine, engine.begin() as connection:
        found = [(name, quantity, bytes(raw)) for name, quantity, raw in connection.execute(text(bound))]
        assert found == [
            (f"r{at}", 1, commitment(receipt, f"r{at}", bytes.fromhex("ab" * 32), f"k{at}"))
            for at, receipt in enumerate(("urn:uuid:a", "urn:uuid:a", "urn:uuid:b"))
        ]
        batch = connection.execute(text("SELECT version, size, quantity, root FROM burn_batch")).one()
        assert (*batch[:3], bytes(batch[3])) == (1, 2, 2, bytes.fromhex("cd" * 32))
        assert connection.execute(text("SELECT count(*) FROM burn_attempt")).scalar() == 1
    with open_engine(bare_url) as engine, engine.begin() as connection, pytest.raises(IntegrityError):
        connection.execute(text("DELETE FROM burn_batch"))  # its burns still refer to it


SIDES = """
INSERT INTO credit_account (id, owner_kind, product, granted, available, reserved, captured, expired, revoked, moved,
    expires_at) VALUES ('a', 'bearer', 'p', 3, 3, 0, 0, 0, 0, 0, 9);
INSERT INTO posting VALUES ('grant', 'available', 'a', 3, 1), ('grant', 'granted', 'a', -3, 1){more}"""


@pytest.mark.parametrize(
    "more", [", ('revoke', 'available', 'a', -1, 2)", ", ('grant', 'expired', 'a', 0, 1)"]
)
def test_postings_whose_sides_do_not_match_are_not_guessed_at(bare_url: str, more: str) -> None:
    with open_engine(bare_url) as engine:
        upgrade(engine, "0005")
        with engine.begin() as connection:
            for statement in SIDES.format(more=more).split(";"):
                connection.execute(text(statement))
    with pytest.raises(RuntimeError, match="not two sides"):
        migrate(Settings(database_url=bare_url))
    with open_engine(bare_url) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM posting")).scalar() == 3
