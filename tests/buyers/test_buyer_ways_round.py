"""Ways round the owner's limits that a program with the command alone might take: copies, and another lock."""

from pathlib import Path

import pytest

from tests.support.processes.secret_pipe import descriptor_of
from tests.support.processes.shell import Finished, Shell

OWNER, WORDS = "the owner's own words", "words of whoever drives it"


def own(shell: Shell, *arguments: str, secret: str = OWNER) -> Finished:
    return shell.secretly("--owner-fd", secret, *arguments, "--json")


@pytest.fixture
def limited(filled: Shell) -> Shell:
    assert own(filled, "budget", "set", "--per-purchase", "3.00", "--total", "3.00").code == 0
    return filled


def test_copies_that_their_user_makes_himself_do_not_multiply_a_budget(
    limited: Shell, tmp_path: Path
) -> None:
    copy, restored = str(tmp_path / "copy.db"), str(tmp_path / "restored.db")
    assert limited.run("wallet", "backup", copy, "--json").code == 0
    early = limited.run("buy", "--wallet", copy, "--max-price", "0.01", "--json")
    assert (early.code, early.told["error"]["code"]) == (2, "copy_not_admitted")
    nobody = limited.run("wallet", "restore", copy, "--wallet", restored, "--json")
    assert (nobody.code, nobody.told["error"]["code"]) == (2, "passphrase_missing")
    wrong = own(limited, "wallet", "restore", copy, "--wallet", restored, secret="what an agent guesses")
    assert (wrong.code, wrong.told["error"]["code"]) == (2, "passphrase_wrong")
    assert not Path(restored).exists()
    assert limited.run("buy", "--credits", "3", "--json").code == 0
    late = limited.run("buy", "--wallet", copy, "--credits", "3", "--json")
    assert (late.code, late.told["error"]["code"]) == (2, "copy_not_admitted")
    assert len(limited.seller.transactions) == 1


def test_the_owner_restores_a_copy_that_pays_and_a_copy_of_that_pays_nothing(
    limited: Shell, tmp_path: Path
) -> None:
    copy, again = str(tmp_path / "copy.db"), str(tmp_path / "again.db")
    assert limited.run("wallet", "backup", copy, "--json").code == 0
    limited.wallet.unlink()
    assert own(limited, "wallet", "restore", copy).code == 0
    assert limited.run("wallet", "backup", again, "--json").code == 0
    assert limited.run("buy", "--credits", "3", "--json").code == 0
    done = limited.run("buy", "--wallet", again, "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "copy_not_admitted")


def test_whoever_may_pay_cannot_lock_the_owner_out_of_his_wallet(limited: Shell) -> None:
    done = limited.secretly("--passphrase-fd", WORDS, "wallet", "encrypt", "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "passphrase_missing")
    owners, wallets = descriptor_of(OWNER + "\n"), descriptor_of(WORDS + "\n")
    both = ("--owner-fd", str(owners), "--passphrase-fd", str(wallets))
    assert limited.run("wallet", "encrypt", *both, descriptors=(owners, wallets)).code == 0
    opened = limited.secretly("--passphrase-fd", WORDS, "wallet", "decrypt", "--json")
    assert (opened.code, opened.told["error"]["code"]) == (2, "passphrase_missing")
