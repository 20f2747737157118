"""A database of either kind before its first migration."""

from pathlib import Path

import pytest

from tests.support.services.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'paywall.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.create(bare=True)
