"""The judgement of a burn: what the chain and the papers say, and do not say yet."""

from dataclasses import replace

import pytest

from buyer.proof.burn_checks import ChainEvidence
from buyer.proof.redemption import Redemption
from buyer.proof.verify import BuyerRecords
from shared import merkle
from shared.cardano.coins import Utxo
from shared.cardano.make import build
from tests.unit.buyer.proof.burn_samples import (
    ADDRESS,
    EVIDENCE,
    LEAVES,
    NETWORK,
    OTHER_TOKEN,
    PARAMETERS,
    RAW,
    REDEMPTION,
    SELLER,
    STRANGER,
    TOKEN,
    broken,
    burned,
    committed,
    judged,
    papers,
    with_burn,
)


def test_a_burn_of_another_token_than_was_promised_does_not_hold() -> None:
    tx_hash, raw = burned(OTHER_TOKEN)
    report = judged(redemption=with_burn(tx_hash=tx_hash), evidence=replace(EVIDENCE, raw=raw))
    assert broken(report) == ["mint"]


def test_the_promise_is_the_one_in_our_own_payment_request() -> None:
    assert broken(judged(held=papers(token=OTHER_TOKEN))) == ["mint"]


@pytest.mark.parametrize("tokens", [3, 7, 9, 100])
def test_a_batch_that_burns_another_number_than_its_leaves_add_up_to_does_not_hold(tokens: int) -> None:
    tx_hash, raw = burned(batch=replace(committed(), tokens=tokens))
    report = judged(redemption=with_burn(tx_hash=tx_hash), evidence=replace(EVIDENCE, raw=raw))
    assert broken(report) == ["metadata", "mint"]


def test_a_batch_that_was_committed_to_as_an_old_plain_tree_does_not_hold() -> None:
    tx_hash, raw = burned(batch=replace(committed(), version=1))
    report = judged(redemption=with_burn(tx_hash=tx_hash), evidence=replace(EVIDENCE, raw=raw))
    assert broken(report) == ["metadata"]


def test_a_mint_is_not_a_burn() -> None:
    coin = Utxo("00" * 32, 0, ADDRESS, 10_000_000, {})
    draft = build.mint(
        utxos=[coin],
        change_address=ADDRESS,
        asset=TOKEN,
        quantity=3,
        parameters=PARAMETERS,
        expiry_slot=1000,
        key=SELLER.public,
        network=NETWORK,
    )
    raw = draft.sign(SELLER.public, SELLER.sign(bytes.fromhex(draft.id))).raw
    report = judged(redemption=with_burn(tx_hash=draft.id), evidence=replace(EVIDENCE, raw=raw))
    assert broken(report) == ["metadata", "mint"]


def test_metadata_that_the_signed_body_does_not_commit_to_counts_for_nothing() -> None:
    leaves = [*LEAVES[:2], merkle.leaf(b"d" * 16, bytes(32), 2)]
    _, other = burned(batch=committed(leaves))
    own_root, other_root = merkle.root(LEAVES).hash, merkle.root(leaves).hash
    forged = other.replace(other_root, own_root)  # the body and its id stay those of the other batch
    tx_hash, _ = burned(batch=committed(leaves))
    report = judged(redemption=with_burn(tx_hash=tx_hash), evidence=replace(EVIDENCE, raw=forged))
    assert broken(report) == ["metadata"]


@pytest.mark.parametrize("raw", [b"", b"\x84", b"junk", RAW[:-1], RAW + b"\0"])
def test_bytes_that_are_no_transaction_do_not_hold(raw: bytes) -> None:
    assert broken(judged(evidence=replace(EVIDENCE, raw=raw))) == ["transaction"]


@pytest.mark.parametrize(
    ("held", "names"),
    [
        (papers(issuer=STRANGER), ["receipt"]),
        (papers(payer=STRANGER), ["receipt"]),
        (papers(request_by=STRANGER), ["payment_request"]),
        (replace(papers(), receipt_token="junk"), ["receipt"]),
    ],
    ids=["forged receipt", "somebody else's receipt", "forged payment request", "junk"],
)
def test_papers_that_do_not_hold_prove_nothing(held: BuyerRecords, names: list[str]) -> None:
    assert broken(judged(held=held)) == names


def test_a_receipt_that_has_expired_since_still_proves_what_it_promised() -> None:
    assert judged().outcome == "holds"  # the judgement has no clock; the receipt ended 900 s after NOW


@pytest.mark.parametrize(
    "redemption",
    [replace(REDEMPTION, burn=None), with_burn(state="waiting", tx_hash=None)],
    ids=["no burn yet", "not in a batch yet"],
)
def test_a_burn_that_is_still_to_come_is_pending_and_not_broken(redemption: Redemption) -> None:
    assert judged(redemption=redemption, evidence=ChainEvidence(None, 0, 2)).outcome == "pending"


def test_a_burn_with_too_few_confirmations_is_pending() -> None:
    report = judged(evidence=replace(EVIDENCE, confirmations=1))
    assert (report.outcome, report.depth) == (
        "pending",
        f"1 confirmation, this buyer asks for {report.required}",
    )


def test_a_submitted_burn_that_is_not_on_the_chain_is_pending() -> None:
    report = judged(redemption=with_burn(state="submitted"), evidence=ChainEvidence(None, 0, 2))
    assert report.outcome == "pending"


def test_a_burn_called_confirmed_that_is_not_on_the_chain_is_a_lie() -> None:
    assert broken(judged(evidence=ChainEvidence(None, 0, 2))) == ["transaction"]


def test_a_use_that_the_seller_calls_released_has_no_burn_to_show() -> None:
    assert broken(judged(redemption=replace(REDEMPTION, state="released"))) == ["captured"]
