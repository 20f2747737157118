"""The judgement of a burn: what each lie of a seller, or of a transaction, does to it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from buyer.proof import verify
from buyer.proof.burn_checks import ChainEvidence
from buyer.proof.redemption import Burn, Redemption
from buyer.proof.report import Report
from buyer.proof.verify import BuyerRecords, OwnUse
from shared import merkle
from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.make import build
from shared.cardano.metadata import BatchCommitment
from shared.cardano.policy import NativeScript
from shared.keys import SigningKey
from shared.merkle import SumNode
from shared.money import Money
from shared.redemption_commitment import commitment, request_hash
from shared.tokens import jws, prt, receipt
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from shared.tokens.receipt import Receipt

NOW = 1_800_000_000
SELLER, BUYER, STRANGER = (SigningKey.from_seed(bytes([n]) * 32) for n in (1, 2, 3))
NETWORK = "cardano:devnet"
ADDRESS = enterprise_address(SELLER.public, NETWORK)
POLICY = NativeScript(key_hash(SELLER.public)).policy_id
TOKEN, OTHER_TOKEN = Asset(POLICY, b"CREATE"), Asset(POLICY, b"WORTHLESS")
PARAMETERS = Parameters(44, 155_381, 4310, 16_384)
IDS = ["redemption-1", "redemption-2", "redemption-3"]
SALTS = [b"a" * 16, b"b" * 16, b"c" * 16]
QUANTITIES = [1, 5, 2]
RECEIPT_ID = "urn:uuid:00000000-0000-4000-8000-000000000000"
OTHER_RECEIPT_ID = "urn:uuid:11111111-0000-4000-8000-000000000000"
USE = OwnUse(request_hash({"name": "Abraham Lincoln"}), "our key", 5)


def leaf(number: int, *, receipt_id: str = RECEIPT_ID, use: OwnUse = USE) -> SumNode:
    bound = commitment(receipt_id, IDS[number], use.request_hash, use.idempotency_key)
    return merkle.leaf(SALTS[number], bound, QUANTITIES[number])


LEAVES = [leaf(number) for number in range(3)]


def committed(leaves: Sequence[SumNode] = LEAVES) -> BatchCommitment:
    root = merkle.root(leaves)
    return BatchCommitment(root.hash, root.sum, len(leaves))


def burned(asset: Asset = TOKEN, batch: BatchCommitment | None = None) -> tuple[str, bytes]:
    """A signed burn transaction: its id and bytes."""
    coin = Utxo("00" * 32, 0, ADDRESS, 10_000_000, {TOKEN.unit: 100, OTHER_TOKEN.unit: 100})
    draft = build.burn(
        utxos=[coin],
        change_address=ADDRESS,
        asset=asset,
        batch=batch or committed(),
        parameters=PARAMETERS,
        expiry_slot=1000,
        key=SELLER.public,
        network=NETWORK,
    )
    return draft.id, draft.sign(SELLER.public, SELLER.sign(bytes.fromhex(draft.id))).raw


TX_HASH, RAW = burned()


def shown(number: int, leaves: Sequence[SumNode] = LEAVES, tx_hash: str = TX_HASH) -> Burn:
    """What an honest seller shows of a leaf."""
    return Burn(
        version=2,
        state="confirmed",
        quantity=leaves[number].sum,
        leaf=leaves[number].hash,
        leaf_index=number,
        tree_size=len(leaves),
        path=tuple(merkle.proof(leaves, number)),
        root=merkle.root(leaves),
        tx_hash=tx_hash,
        salt=SALTS[number],
    )


BURN = shown(1)
ROOT = merkle.root(LEAVES)
REDEMPTION = Redemption(IDS[1], "captured", BURN)
EVIDENCE = ChainEvidence(RAW, 2, 2)


def papers(
    *,
    token: Asset = TOKEN,
    payer: SigningKey = BUYER,
    issuer: SigningKey = SELLER,
    request_by: SigningKey = SELLER,
    receipt_id: str = RECEIPT_ID,
    use: OwnUse = USE,
) -> BuyerRecords:
    """A receipt for a payment request that promises to burn `token`."""
    option = PaymentOption("cardano", 6_000_000, 6, "ADA", ADDRESS, NETWORK)
    order = Order("image-credit", 3, token.dotted, BUYER.public.did)
    price, seller = Money(300, "USD", 2), SELLER.public.did
    request = PaymentRequest("1", seller, "credits", NOW, NOW + 900, None, price, order, (option,))
    proof = Receipt(
        id=receipt_id,
        issuer=seller,
        payer=payer.public.did,
        issued_at=NOW,
        expires_at=NOW + 900,
        payment_request_token=jws.sign(prt.claims(request), request_by),
        payment_option_id="cardano",
        metadata={},
        holder_thumbprint=payer.public.thumbprint,
    )
    token_ = jws.sign(receipt.claims(proof), issuer)
    return BuyerRecords(token_, NOW, seller, [SELLER.public], BUYER.public, use)


def judged(
    *,
    redemption: Redemption = REDEMPTION,
    held: BuyerRecords | None = None,
    evidence: ChainEvidence = EVIDENCE,
) -> Report:
    return verify.judge(redemption, held or papers(), evidence)


def broken(report: Report) -> list[str]:
    assert report.outcome == "broken"
    return [check.name for check in report.checks if check.outcome == "broken"]


def with_burn(**changes: object) -> Redemption:
    return replace(REDEMPTION, burn=replace(BURN, **changes))  # type: ignore[arg-type]  # a table of changes


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
    assert broken(judged(held=papers(use=replace(USE, credits=credits)))) == BOTH


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
    assert judged(evidence=replace(EVIDENCE, confirmations=1)).outcome == "pending"


def test_a_submitted_burn_that_is_not_on_the_chain_is_pending() -> None:
    report = judged(redemption=with_burn(state="submitted"), evidence=ChainEvidence(None, 0, 2))
    assert report.outcome == "pending"


def test_a_burn_called_confirmed_that_is_not_on_the_chain_is_a_lie() -> None:
    assert broken(judged(evidence=ChainEvidence(None, 0, 2))) == ["transaction"]


def test_a_use_that_the_seller_calls_released_has_no_burn_to_show() -> None:
    assert broken(judged(redemption=replace(REDEMPTION, state="released"))) == ["captured"]
