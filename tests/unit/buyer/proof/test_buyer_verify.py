"""The judgement of a burn: what each lie of a seller does to it."""

from dataclasses import replace

import pytest

from buyer.proof import verify
from buyer.proof.verify import OwnUse
from shared import merkle
from shared.merkle import SumNode
from shared.redemption_commitment import request_hash
from tests.unit.buyer.proof.burn_samples import (
    EVIDENCE,
    LEAVES,
    OTHER_RECEIPT_ID,
    OTHER_TOKEN,
    REDEMPTION,
    ROOT,
    SALTS,
    TOKEN,
    USE,
    broken,
    burned,
    committed,
    judged,
    leaf,
    papers,
    shown,
    with_burn,
)


def test_an_honest_burn_holds_and_every_check_says_so() -> None:
    report = judged()
    assert report.outcome == "holds"
    assert [check.name for check in report.checks] == [
        "receipt",
        "payment_request",
        "leaf",
        "merkle_proof",
        "transaction",
        "metadata",
        "mint",
        "confirmations",
    ]


BOTH = ["leaf", "merkle_proof"]
PROOF_LIES = {
    "another salt": ({"salt": b"z" * 16}, BOTH),
    "a salt of another length": ({"salt": b"z"}, BOTH),
    "another leaf": ({"leaf": LEAVES[0].hash}, ["leaf"]),
    "fewer tokens than it cost": ({"quantity": 1}, ["leaf"]),
    "another place": ({"leaf_index": 2}, ["merkle_proof"]),
    "a place outside": ({"leaf_index": 3}, ["merkle_proof"]),
    "a smaller tree": ({"tree_size": 2}, ["merkle_proof", "metadata"]),
    "a larger tree": ({"tree_size": 4}, ["metadata"]),
    "no path": ({"path": ()}, ["merkle_proof"]),
    "a longer path": ({"path": (*merkle.proof(LEAVES, 1), SumNode(b"0" * 32, 1))}, ["merkle_proof"]),
    "a node that is no hash": ({"path": (SumNode(b"short", 1), SumNode(b"0" * 32, 1))}, ["merkle_proof"]),
    "a sibling of nothing": ({"path": (SumNode(LEAVES[0].hash, 0), LEAVES[2])}, ["merkle_proof"]),
    "another root": ({"root": SumNode(b"0" * 32, 8)}, ["merkle_proof", "metadata"]),
    "a root with a smaller sum": ({"root": SumNode(ROOT.hash, 7)}, ["merkle_proof", "metadata", "mint"]),
    "another transaction": ({"tx_hash": "f" * 64}, ["transaction"]),
    "no leaf": ({"leaf": None}, ["leaf"]),
    "no root": ({"root": None}, ["merkle_proof", "metadata", "mint"]),
    "an old burn's version": ({"version": 1}, ["version"]),
}


@pytest.mark.parametrize(("changes", "names"), PROOF_LIES.values(), ids=PROOF_LIES)
def test_a_proof_with_one_thing_changed_does_not_hold(changes: dict[str, object], names: list[str]) -> None:
    assert broken(judged(redemption=with_burn(**changes))) == names


def test_a_proof_for_somebody_elses_use_does_not_hold() -> None:
    assert broken(judged(redemption=replace(REDEMPTION, id="redemption-9"))) == BOTH


# The two attacks that the leaf is made for: one burn that is shown for two uses.


def test_a_redemption_that_is_shown_to_two_receipts_verifies_for_the_one_it_was_made_for_alone() -> None:
    assert judged().outcome == "holds"
    assert broken(judged(held=papers(receipt_id=OTHER_RECEIPT_ID))) == BOTH


SECOND_USES = {
    "another key": replace(USE, idempotency_key="our other key"),
    "another request": replace(USE, request_hash=request_hash({"name": "Ulysses S. Grant"})),
}


@pytest.mark.parametrize("use", SECOND_USES.values(), ids=SECOND_USES)
def test_a_redemption_that_is_shown_to_one_receipt_for_two_uses_verifies_for_one_of_them(use: OwnUse) -> None:
    assert judged().outcome == "holds"
    assert broken(judged(held=papers(use=use))) == BOTH


@pytest.mark.parametrize("credits", [1, 4, 6])
def test_a_burn_of_another_number_of_tokens_than_the_use_cost_does_not_hold(credits: int) -> None:
    assert broken(judged(held=papers(use=replace(USE, quantity=credits)))) == BOTH


def test_two_leaves_that_share_a_token_do_not_both_verify() -> None:
    """Two uses of 5 credits in a batch that burns 9: whatever sums the liar writes into the nodes, one is short."""
    ours, theirs = leaf(1), merkle.leaf(SALTS[0], bytes(32), 5)
    verdicts = []
    for told in ([theirs._replace(sum=4), ours], [theirs, ours._replace(sum=4)]):
        root = merkle.root(told)
        assert root.sum == 9
        tx_hash, raw = burned(batch=committed(told))
        burn = replace(shown(1, told, tx_hash), quantity=5)
        ours_too = judged(
            redemption=replace(REDEMPTION, burn=burn), evidence=replace(EVIDENCE, raw=raw)
        ).outcome
        verdicts.append((merkle.verify(theirs, 0, 2, merkle.proof(told, 0), root), ours_too))
    assert verdicts == [(False, "holds"), (True, "broken")]


def test_a_salt_that_we_know_from_before_opens_the_leaf_when_the_seller_shows_none() -> None:
    kept = papers(use=replace(USE, salt=SALTS[1]))
    assert judged(redemption=with_burn(salt=None), held=kept).outcome == "holds"


def test_a_leaf_whose_salt_nobody_shows_is_not_called_ours() -> None:
    report = judged(redemption=with_burn(salt=None))
    assert (report.outcome, report.unchecked) == ("partly", ("leaf",))


def test_a_stranger_checks_the_public_part_and_is_told_what_he_could_not_check() -> None:
    report = verify.judge_public(with_burn(salt=None), TOKEN.dotted, EVIDENCE)
    assert (report.outcome, report.unchecked) == ("partly", ("receipt", "payment_request", "leaf"))
    assert {check.name for check in report.checks if check.outcome == "holds"} == {
        *("merkle_proof", "transaction", "metadata", "mint", "confirmations")
    }


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"quantity": 6}, ["merkle_proof"]),
        ({"leaf": b"0" * 32}, ["merkle_proof"]),
        ({"path": ()}, ["merkle_proof"]),
        ({"version": 1}, ["version"]),
    ],
    ids=str,
)
def test_a_stranger_sees_through_what_does_not_add_up(changes: dict[str, object], names: list[str]) -> None:
    assert broken(verify.judge_public(with_burn(**changes), TOKEN.dotted, EVIDENCE)) == names


def test_a_stranger_holds_the_burn_against_the_sellers_token() -> None:
    assert broken(verify.judge_public(REDEMPTION, OTHER_TOKEN.dotted, EVIDENCE)) == ["mint"]
