"""Variables, arguments and wallet files that are none: a typed error, never a fault of the buyer's own."""

import sqlite3
from contextlib import closing

import pytest
from starlette.responses import JSONResponse

from tests.support.processes.shell import Shell

HALF = "half-\udcff"  # an argument that is not UTF-8, as Python shows it


@pytest.mark.parametrize(
    "variable",
    [
        ("HTTPS_PROXY", "::::"),
        ("HTTPS_PROXY", "http://secret@[::1"),
        ("HTTPS_PROXY", "ftp://secret@proxy"),
        ("ALL_PROXY", "socks5://secret@proxy"),
        ("NO_PROXY", "[::1"),
    ],
)
def test_a_proxy_that_is_none_is_wrong_usage_and_is_not_told(
    filled: Shell, variable: tuple[str, str]
) -> None:
    filled.environment |= dict([variable])
    done = filled.run("buy", "--seller", "https://seller.invalid", "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "variables_unusable")
    assert "secret" not in done.out + done.err


@pytest.mark.parametrize("project_id", ["two\nlines", "é"])
def test_a_project_id_that_no_header_holds_is_wrong_usage(filled: Shell, project_id: str) -> None:
    filled.environment["BLOCKFROST_PROJECT_ID"] = project_id
    done = filled.run("buy", "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "variables_unusable")
    assert project_id not in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", HALF),
        ("credits", "--receipt", HALF),
        ("purchases", "claim", HALF),
        ("buy", "--passphrase-fd", str(2**63)),
        ("budget", "set", "--per-day", "5.00", "--owner-fd", str(2**63)),
    ],
)
def test_an_argument_that_is_none_is_wrong_usage(filled: Shell, arguments: tuple[str, ...]) -> None:
    done = filled.run(*arguments, "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "usage")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM settings WHERE key = 'network'",
        "UPDATE settings SET value = 1.5 WHERE key = 'network'",
        "UPDATE settings SET value = x'ff' WHERE key = 'network'",
        "UPDATE settings SET value = x'00' WHERE key = 'public'",
        "UPDATE settings SET value = x'00' WHERE key = 'seed'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_master SET name = CAST(x'ff' AS TEXT) WHERE name = 'uses'",
    ],
)
def test_a_wallet_with_changed_settings_is_damaged(filled: Shell, harm: str) -> None:
    with closing(sqlite3.connect(filled.wallet)) as db:
        db.executescript(harm)
    done = filled.run("buy", "--json")
    assert (done.code, "Traceback" in done.err) == (2, False)
    assert done.told["error"]["code"] in {"wallet_damaged", "wallet_unreadable"}


def test_a_cookie_of_the_sellers_is_not_kept(filled: Shell) -> None:
    counts = {"granted": 1, "available": 1, "captured": 0, "reserved": 0, "expired": 0, "revoked": 0}
    headers = {"set-cookie": "\xb2=\xb2"}
    filled.seller.lies.instead["/api/credits"] = lambda: JSONResponse(counts, headers=headers)
    done = filled.run("images", "--credits", "1", "--generate", "1", "--json")
    assert (done.code, "Traceback" in done.err) == (0, False), done.err


def test_a_wallet_that_the_system_will_not_open_is_unreadable(filled: Shell) -> None:
    done = filled.run("buy", "--wallet", "/proc/self/mem", "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "wallet_unreadable")
