"""The owner's commands as processes: limits that no flag raises, approvals, dry runs, the history."""

import asyncio
import os
import pty
from pathlib import Path

import pytest

from tests.support.processes.shell import Finished, Shell

OWNER = "the owner's own words"


def own(shell: Shell, *arguments: str, secret: str = OWNER) -> Finished:
    return shell.secretly("--owner-fd", secret, *arguments, "--json")


@pytest.fixture
def limited(filled: Shell) -> Shell:
    told = own(filled, "budget", "set", "--per-purchase", "3.00", "--total", "6.00").told
    assert (told["limits"]["per_purchase"], told["limits"]["total"]) == ("3.00 USD", "6.00 USD")
    return filled


def test_no_flag_and_no_wrong_passphrase_raises_a_limit(limited: Shell) -> None:
    over = limited.run("buy", "--credits", "4", "--max-price", "500.00", "--json")
    assert (over.code, over.told["error"]["code"]) == (3, "over_budget")
    assert "owns the wallet" in over.told["error"]["hint"]
    assert "--max-price" not in over.told["error"]["hint"]
    wrong = own(limited, "budget", "set", "--per-purchase", "500.00", secret="what an agent guesses")
    assert (wrong.code, wrong.told["error"]["code"]) == (2, "passphrase_wrong")
    nobody = limited.run("budget", "set", "--per-purchase", "500.00", "--json")
    assert (nobody.code, nobody.told["error"]["code"]) == (2, "passphrase_missing")
    assert limited.seller.transactions == set()
    lower = limited.run("buy", "--credits", "3", "--max-price", "2.99", "--json")
    assert (lower.code, lower.told["error"]["code"]) == (3, "over_budget")
    assert limited.run("buy", "--credits", "3", "--json").code == 0
    shown = limited.run("budget", "show", "--json").told
    assert (shown["spent"], shown["limits"]["per_purchase"]) == ("3.00 USD", "3.00 USD")


def test_with_a_budget_the_usual_ceiling_of_a_purchase_is_the_owners_and_no_flag_lifts_it(
    filled: Shell,
) -> None:
    assert "5.00 USD, or what --max-price says" in filled.run("budget", "show").out
    dear = ("buy", "--credits", "100", "--dry-run", "--json")
    assert filled.run(*dear, "--max-price", "100").code == 0, "nobody has set a budget"
    told = own(filled, "budget", "set", "--allow-seller", filled.seller.origin).told
    assert told["limits"]["per_purchase"] == "5.00 USD"
    assert "per purchase: 5.00 USD" in filled.run("budget", "show").out
    for arguments in (dear, (*dear, "--max-price", "100")):
        over = filled.run(*arguments)
        assert (over.code, over.told["error"]["code"]) == (3, "over_budget")
        assert "the owner allows 5.00 USD for one purchase" in over.told["error"]["message"]
        assert "buyer budget set" in over.told["error"]["hint"]
    assert own(filled, "budget", "set", "--per-purchase", "none").told["limits"]["per_purchase"] is None
    assert "per purchase: none" in filled.run("budget", "show").out
    assert filled.run(*dear, "--max-price", "100").code == 0


def test_the_owner_raises_a_limit_with_his_passphrase_and_takes_one_away(limited: Shell) -> None:
    told = own(limited, "budget", "set", "--per-purchase", "8.00 USD", "--total", "none").told
    assert (told["limits"]["per_purchase"], told["limits"]["total"]) == ("8.00 USD", None)
    assert limited.run("buy", "--credits", "8", "--json").code == 0


def test_a_price_above_the_threshold_waits_for_the_owner_once(limited: Shell) -> None:
    own(limited, "budget", "set", "--approve-above", "1.00")
    waits = limited.run("buy", "--credits", "3", "--json")
    assert (waits.code, waits.told["error"]["code"]) == (3, "approval_needed")
    (asked,) = limited.run("budget", "show", "--json").told["waiting"]
    assert f"buyer approve {asked['approval_id']}" in waits.told["error"]["hint"]
    assert (asked["price"], asked["credits"], asked["approved"]) == ("3.00 USD", 3, False)
    wrong = own(limited, "approve", asked["approval_id"], secret="what an agent guesses")
    assert (wrong.code, wrong.told["error"]["code"]) == (2, "passphrase_wrong")
    assert limited.run("buy", "--credits", "3", "--json").code == 3
    assert own(limited, "approve", asked["approval_id"]).told["approved"] is True
    shown = limited.run("budget", "show").out
    assert "approved, not bought yet: 3 of image-credit" in shown
    assert "buyer approve" not in shown
    before = set(limited.seller.transactions)
    assert limited.run("buy", "--credits", "3", "--json").code == 0
    assert len(limited.seller.transactions - before) == 1
    again = limited.run("buy", "--credits", "3", "--json")
    assert (again.code, again.told["error"]["code"]) == (3, "approval_needed")
    assert len(limited.run("budget", "show", "--json").told["waiting"]) == 1
    assert own(limited, "budget", "set", "--approve-above", "none").told["waiting"] == []


def test_a_seller_that_the_owner_did_not_name_is_not_even_asked(limited: Shell) -> None:
    own(limited, "budget", "set", "--allow-seller", "https://Seller.example:8443")
    limited.seller.calls.clear()
    done = limited.run("buy", "--json")
    assert (done.code, done.told["error"]["code"]) == (3, "seller_not_allowed")
    assert "POST /api/images/buy" not in limited.seller.calls
    own(limited, "budget", "set", "--allow-seller", "none")
    assert limited.run("buy", "--json").code == 0


def test_a_list_that_is_named_anew_replaces_the_old_one_and_says_what_it_dropped(shell: Shell) -> None:
    assert shell.run("wallet", "create").code == 0
    first, second = "https://shop.example", "https://other.example"
    assert own(shell, "budget", "set", "--allow-seller", first).told["no_longer_allowed"] == []
    told = own(shell, "budget", "set", "--allow-seller", second).told
    assert (told["limits"]["sellers"], told["no_longer_allowed"]) == ([second], [first])
    done = shell.secretly("--owner-fd", OWNER, "budget", "set", "--allow-seller", first)
    assert f"no longer allowed: {second}" in done.out
    assert own(shell, "budget", "set", "--allow-seller", "none").told["no_longer_allowed"] == []


@pytest.mark.parametrize("command", ["buy", "images"])
def test_a_dry_run_says_what_would_be_paid_and_pays_nothing(filled: Shell, command: str) -> None:
    filled.seller.calls.clear()
    done = filled.run(command, "--credits", "3", "--dry-run", "--json")
    assert done.code == 0, done.err
    told = done.told
    assert (told["price"], told["pay"], told["recipient"]) == (
        *("3.00 USD", "6.000000 ADA"),
        filled.seller.address,
    )
    assert (told["dry_run"], told["needs_approval"], told["seller"]) == (True, False, filled.seller.origin)
    assert filled.run("history", "--json").told == {"purchases": []}
    assert "POST /api/payments" not in filled.seller.calls
    over = filled.run(command, "--dry-run", "--max-price", "2.99", "--json")
    assert (over.code, over.told["error"]["code"]) == (3, "over_budget")


def test_the_history_says_what_was_bought_and_verified(filled: Shell) -> None:
    made = filled.run("images", "--json").told
    asyncio.run(filled.seller.burn())
    assert filled.run("verify", made["images"][0]["redemption_id"], "--wait", "--json").code == 0
    (bought,) = filled.run("history", "--json").told["purchases"]
    assert (bought["state"], bought["price"], bought["credits"]) == ("paid", "3.00 USD", 3)
    assert (bought["receipt_id"], bought["seller"]) == (made["receipt_id"], filled.seller.origin)
    assert bought["verified"] == {
        "receipt": True,
        "uses": 2,
        "burns_holds": 1,
        "burns_partly": 0,
        "burns_broken": 0,
    }
    assert "1 of 2 burns proved" in filled.run("history").out
    assert filled.run("buy", "--max-price", "2.99").code == 3
    newest = filled.run("history").out.splitlines()[0]
    assert newest.endswith(f"  abandoned  –  3 of image-credit at {filled.seller.origin}")


def test_a_limit_that_is_none_is_wrong_usage_and_changes_nothing(limited: Shell) -> None:
    for arguments, code in (
        ([], "budget_empty"),
        (["--total", "much"], "budget_invalid"),
        (["--total", "5.00 ADA"], "budget_invalid"),
        (["--chain", "http://user@host/"], "chain_malformed"),
        (["--allow-seller", "http://seller.example"], "seller_url"),
        (["--allow-network", "foo"], "name_unknown"),
        (["--allow-network", "cardano:devnet", "--allow-currency", "BTC"], "name_unknown"),
    ):
        done = own(limited, "budget", "set", *arguments)
        assert (done.code, done.told["error"]["code"]) == (2, code)
    assert limited.run("budget", "show", "--json").told["limits"]["total"] == "6.00 USD"


def test_at_a_terminal_the_first_passphrase_is_typed_twice(shell: Shell) -> None:
    assert shell.run("wallet", "create").code == 0
    short = own(shell, "budget", "set", "--total", "6.00", secret="short")
    assert (short.code, short.told["error"]["code"]) == (2, "passphrase_short")
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(shell.environment, PYTHONPATH=str(Path(__file__).parents[2]), TERM="xterm")
        os.execv("/usr/bin/env", ["env", _python(), "-m", "buyer", "budget", "set", "--total", "6.00"])
    seen = b""
    for prompt in (b"(new, at least 12 characters): ", b"again): "):
        while prompt not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, OWNER.encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert (os.waitstatus_to_exitcode(status), OWNER.encode() in seen) == (0, False)
    assert own(shell, "budget", "set", "--total", "7.00").code == 0


def _python() -> str:
    import sys

    return sys.executable


WORDS = "correct horse battery"


def locked(shell: Shell, *arguments: str, secret: str = WORDS) -> Finished:
    return shell.secretly("--passphrase-fd", secret, *arguments, "--json")


def test_an_encrypted_wallet_pays_with_its_passphrase_alone(filled: Shell) -> None:
    assert locked(filled, "wallet", "encrypt").told["encrypted"] is True
    nobody = filled.run("buy", "--json")
    assert (nobody.code, nobody.told["error"]["code"]) == (2, "passphrase_missing")
    wrong = locked(filled, "buy", secret="not these words")
    assert (wrong.code, wrong.told["error"]["code"]) == (2, "passphrase_wrong")
    bought = locked(filled, "buy")
    assert bought.code == 0, bought.err
    listed = filled.run("receipts", "--json").told["receipts"]
    assert [receipt["receipt_id"] for receipt in listed] == [bought.told["receipt_id"]]
    assert filled.run("wallet", "balance", "--json").code == 0
    assert locked(filled, "generate").code == 0
    again = locked(filled, "wallet", "encrypt")
    assert (again.code, again.told["error"]["code"]) == (2, "wallet_encrypted")
    assert locked(filled, "wallet", "decrypt").told["encrypted"] is False
    assert filled.run("credits", "--json").told["remaining"] == 2


def test_a_wallet_is_made_encrypted_backed_up_and_restored(filled: Shell, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    made = locked(filled, "wallet", "create", "--encrypt", "--wallet", other)
    assert made.code == 0, made.err
    copy = filled.run("wallet", "backup", "copy.db", "--wallet", other, "--json")
    assert copy.told["encrypted"] is True
    there = filled.run("wallet", "restore", "copy.db", "--wallet", other, "--json")
    assert (there.code, there.told["error"]["code"]) == (2, "wallet_exists")
    Path(other).unlink()
    back = filled.run("wallet", "restore", "copy.db", "--wallet", other, "--json")
    assert (back.code, back.told["address"]) == (0, made.told["address"])
