"""What was promised is checked: validity, credits granted, credits taken, and whom the seller is."""

from dataclasses import replace

import pytest

from buyer.purchase import promises
from buyer.purchase.promises import CreditCounts
from buyer.purchase.receipts import HeldReceipt
from shared import keys
from shared.keys import SigningKey
from shared.money import Money
from tests.support.processes.shell import Finished, Shell

BUY = ("buy", "--credits", "3", "--json")
HELD = HeldReceipt("urn:uuid:1", "t", "o", "p", 3, Money(300, "USD", 2), "r", 1000, 1000 + 86_400)


def broken(done: Finished) -> list[tuple[str, int, int]]:
    return [(one["code"], one["promised"], one["got"]) for one in done.told["broken_promises"]]


def test_an_honest_seller_keeps_its_promises(filled: Shell) -> None:
    done = filled.run("images", "--json")
    assert (done.code, broken(done)) == (0, [])


def test_a_receipt_that_is_valid_for_less_than_the_catalog_said_is_kept_and_told(filled: Shell) -> None:
    filled.seller.lies.receipt = lambda honest: replace(honest, expires_at=honest.issued_at + 3600)
    done = filled.run(*BUY)
    assert (done.code, broken(done)) == (7, [("receipt_short", 365 * 86_400, 3600)])
    assert "PROMISE BROKEN (receipt_short)" in done.err
    assert [one["receipt_id"] for one in filled.run("receipts", "--json").told["receipts"]] == [
        done.told["receipt_id"]
    ]


def test_an_earlier_date_of_issue_does_not_hide_it() -> None:
    dated_back = replace(HELD, issued_at=0, expires_at=86_400)
    assert promises.of_validity(dated_back, 86_400, bought_at=50_000) is not None
    assert promises.of_validity(HELD, 86_400, bought_at=1000) is None
    assert promises.of_validity(HELD, 86_401, bought_at=1000 - 100) is None, "clocks differ by seconds"
    assert promises.of_validity(HELD, None, bought_at=0) is None


def test_fewer_credits_than_were_bought_are_told(filled: Shell) -> None:
    filled.seller.lies.counts = lambda honest: {**honest, "granted": 2, "available": honest["available"] - 1}
    done = filled.run(*BUY)
    assert (done.code, broken(done)) == (7, [("credits_short", 3, 2)])


def takes_three(honest: dict[str, int]) -> dict[str, int]:
    captured = 3 * honest["captured"]
    return {**honest, "captured": captured, "available": honest["granted"] - captured}


def test_a_seller_that_takes_three_credits_for_an_image_of_one_is_told(filled: Shell) -> None:
    filled.seller.lies.counts = takes_three
    done = filled.run("images", "--credits", "9", "--max-price", "9.00", "--generate", "1", "--json")
    assert (done.code, broken(done)) == (7, [("credits_overtaken", 1, 3)])
    assert done.told["credits"] == {"granted": 9, "remaining": 8}, "by the wallet's own books"
    assert done.told["seller_says"]["credits"]["available"] == 6
    counted = filled.run("credits", "--json")
    assert (counted.code, broken(counted)) == (7, [("credits_overtaken", 1, 3)])


@pytest.mark.parametrize(
    ("counts", "cost", "codes"),
    [
        (CreditCounts(3, 1, 0, 2, 0, 0, 0), 2, []),
        (CreditCounts(3, 0, 1, 2, 0, 0, 0), 3, []),
        (CreditCounts(3, 0, 0, 1, 1, 1, 0), 1, []),
        (CreditCounts(3, 0, 1, 2, 0, 0, 0), 2, ["credits_overtaken"]),
        (CreditCounts(1, 0, 0, 1, 0, 0, 0), 0, ["credits_short", "credits_overtaken"]),
        (CreditCounts(4, 4, 0, 0, 0, 0, 0), 0, []),
    ],
)
def test_a_balance_is_held_against_what_was_bought_and_used(
    counts: CreditCounts, cost: int, codes: list[str]
) -> None:
    assert [one.code for one in promises.of_balance(HELD, counts, cost)] == codes


@pytest.fixture
def named(filled: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A seller whose identity is a did:web, met once."""
    seller = filled.seller
    monkeypatch.setattr(seller, "did", keys.did_web(seller.origin))
    monkeypatch.setattr(seller, "key", seller.key)
    assert filled.run(*BUY).code == 0
    return filled


def test_keys_that_are_all_replaced_at_once_are_told_and_the_owners_decision(named: Shell) -> None:
    named.seller.key = SigningKey.generate()
    replaced = named.run(*BUY)
    assert (replaced.code, replaced.told["error"]["code"]) == (5, "identity_keys_replaced")
    assert "buyer sellers trust" in replaced.told["error"]["hint"]
    assert len(named.seller.transactions) == 1

    asked = named.run("sellers", "trust", "--json")
    assert (asked.code, asked.told["error"]["code"]) == (2, "not_confirmed")
    assert named.run("sellers", "trust", "--identity", "did:web:another", "--json").code == 2
    assert named.run(*BUY).code == 5

    identity = f"{named.seller.did}#{named.seller.key.public.thumbprint}"
    assert identity in asked.told["error"]["message"]
    line = f"buyer sellers trust --seller {named.seller.origin} --identity "
    assert asked.told["error"]["hint"].partition(line)[2].strip("'") == identity
    trusted = named.run("sellers", "trust", "--identity", identity, "--json")
    assert (trusted.code, trusted.told["keys"]) == (0, [named.seller.key.public.thumbprint])
    assert named.run(*BUY).code == 0
    (known,) = named.run("sellers", "--json").told["sellers"]
    assert (known["did"], known["keys"]) == (named.seller.did, trusted.told["keys"])


def test_a_new_did_key_is_the_owners_decision_as_well(filled: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert filled.run(*BUY).code == 0
    other = SigningKey.generate()
    monkeypatch.setattr(filled.seller, "key", other)
    monkeypatch.setattr(filled.seller, "did", other.public.did)
    assert filled.run(*BUY).told["error"]["code"] == "identity_changed"
    identity = f"{other.public.did}#{other.public.thumbprint}"
    assert filled.run("sellers", "trust", "--identity", identity, "--json").code == 0
    assert filled.run(*BUY).code == 0


def test_where_the_owner_has_a_passphrase_a_new_identity_takes_it(
    filled: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners, guessed = "the owner's own words", "what an agent guesses"
    assert filled.secretly("--owner-fd", owners, "budget", "set", "--total", "50.00").code == 0
    assert filled.run(*BUY).code == 0
    other = SigningKey.generate()
    monkeypatch.setattr(filled.seller, "key", other)
    monkeypatch.setattr(filled.seller, "did", other.public.did)
    trust = ("sellers", "trust", "--identity", f"{other.public.did}#{other.public.thumbprint}", "--json")
    assert filled.run(*trust).told["error"]["code"] == "passphrase_missing"
    assert filled.secretly("--owner-fd", guessed, *trust).told["error"]["code"] == "passphrase_wrong"
    assert filled.run(*BUY).told["error"]["code"] == "identity_changed"
    assert filled.secretly("--owner-fd", owners, *trust).code == 0
    assert filled.run(*BUY).code == 0


def test_one_seller_is_one_however_its_address_is_written(filled: Shell) -> None:
    port = filled.seller.origin.rpartition(":")[2]
    filled.run(*BUY)
    for url in (f"HTTP://127.0.0.1:{port}/", f"http://127.0.0.1:0{port}"):
        assert filled.run(*BUY, "--seller", url).code == 0
    assert len(filled.run("sellers", "--json").told["sellers"]) == 1


@pytest.mark.parametrize("group", ["purchases", "sellers"])
def test_an_option_before_the_command_is_not_passed_over(shell: Shell, group: str) -> None:
    command = "claim" if group == "purchases" else "trust"
    done = shell.run(group, "--wallet", "another.db", command, "x", "--json")
    assert (done.code, done.told["error"]["code"]) == (2, "usage")
