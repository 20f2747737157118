"""Start-up is lean: no heavy import before it is needed."""

import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("program", ["paywall", "buyer"])
def test_help_imports_nothing_heavy(program: str) -> None:
    code = f"""
import sys
from {program}.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
print("LOADED", *sorted(name for name in sys.modules if "." not in name))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(shown.split("LOADED", 1)[1].split())
    assert loaded & HEAVY == set()
