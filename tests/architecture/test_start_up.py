"""Start-up is lean: no heavy import before it is needed."""

import subprocess
import sys

import pytest

from tests.architecture.modules import modules, top_level_imports, within

HEAVY = {
    *(
        "pycardano",
        "openai",
        "PIL",
        "rich",
        "alembic",
        "sqlalchemy",
        "sqlmodel",
        "httpx",
        "starlette",
        "uvicorn",
    ),
    *("jwt", "cryptography", "psycopg", "stripe", "boto3", "pkcs11"),
}
MAKING = "shared.cardano.make"


def loaded_by(code: str) -> set[str]:
    """The packages that a fresh interpreter has loaded after `code`."""
    code = f'{code}\nimport sys\nprint("LOADED", *sorted(name for name in sys.modules if "." not in name))'
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(shown.split("LOADED", 1)[1].split())


@pytest.mark.parametrize("program", ["paywall", "buyer"])
def test_help_imports_nothing_heavy(program: str) -> None:
    code = f"""
from {program}.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize(
    "module",
    [
        "paywall.compose",
        "paywall.cli.commands",
        "paywall.cli.serving",
        "buyer.client",
        "buyer.payers.cardano",
    ],
)
def test_pycardano_is_loaded_only_by_whoever_makes_a_transaction(module: str) -> None:
    """0.7 s and 34 MB: the whole web path, the worker before its first burn and the buyer before it pays go without."""
    assert "pycardano" not in loaded_by(f"import {module}")


def test_pycardano_is_imported_by_the_makers_alone_and_they_inside_a_function() -> None:
    """So the import happens in the thread that makes the first transaction, and holds up no event loop."""
    outside = [module for module in modules() if not within(module.name, MAKING)]
    assert [
        module.name for module in outside if any(within(name, "pycardano") for name in module.imports)
    ] == []
    eager = [
        module.name for module in outside if any(within(n, MAKING) for n in top_level_imports(module.path))
    ]
    assert eager == []


def test_the_reader_and_the_guards_share_nothing_with_the_maker() -> None:
    """Two independent implementations, on purpose: what one gets wrong, the other sees."""
    users = [
        module.name
        for module in modules("shared")
        if not within(module.name, MAKING) and any(within(name, MAKING) for name in module.imports)
    ]
    assert users == []
