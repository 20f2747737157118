"""The judgement of a burn: what each lie of a seller, or of a transaction, does to it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from buyer.proof import verify
from buyer.proof.redemption import Burn, Redemption
from buyer.proof.verify import ChainEvidence, Papers, Report
from shared import merkle
from shared.cardano.addresses import enterprise_address, key_hash
from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.make import build
from shared.cardano.policy import NativeScript
from shared.keys import SigningKey
from shared.money import Money
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
LEAVES = [merkle.redemption_leaf(identity, salt) for identity, salt in zip(IDS, SALTS, strict=True)]


def burned(asset: Asset = TOKEN, count: int = 3, leaves: Sequence[bytes] = LEAVES) -> tuple[str, bytes]:
    """A signed burn transaction: its id and bytes."""
    coin = Utxo("00" * 32, 0, ADDRESS, 10_000_000, {TOKEN.unit: 100, OTHER_TOKEN.unit: 100})
    draft = build.burn(
        utxos=[coin],
        change_address=ADDRESS,
        asset=asset,
        count=count,
        root=merkle.root(leaves),
        parameters=PARAMETERS,
        expiry_slot=1000,
        key=SELLER.public,
        network=NETWORK,
    )
    return draft.id, draft.sign(SELLER.public, SELLER.sign(bytes.fromhex(draft.id))).raw


TX_HASH, RAW = burned()
BURN = Burn(
    state="confirmed",
    salt=SALTS[1],
    leaf_index=1,
    tree_size=3,
    proof=tuple(merkle.proof(LEAVES, 1)),
    root=merkle.root(LEAVES),
    tx_hash=TX_HASH,
)
REDEMPTION = Redemption(IDS[1], "captured", BURN)
EVIDENCE = ChainEvidence(RAW, 2, 2)


def papers(
    *,
    token: Asset = TOKEN,
    payer: SigningKey = BUYER,
    issuer: SigningKey = SELLER,
    request_by: SigningKey = SELLER,
) -> Papers:
    """A receipt for a payment request that promises to burn `token`."""
    option = PaymentOption("cardano", 6_000_000, 6, "ADA", ADDRESS, NETWORK)
    order = Order("image-credit", 3, token.dotted, BUYER.public.did)
    price, seller = Money(300, "USD", 2), SELLER.public.did
    request = PaymentRequest("1", seller, "credits", NOW, NOW + 900, None, price, order, (option,))
    proof = Receipt(
        id="urn:uuid:00000000-0000-4000-8000-000000000000",
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
    return Papers(token_, NOW, seller, [SELLER.public], BUYER.public)


def judged(
    *, redemption: Redemption = REDEMPTION, held: Papers | None = None, evidence: ChainEvidence = EVIDENCE
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
        "merkle_proof",
        "transaction",
        "metadata",
        "mint",
        "confirmations",
    ]


PROOF_LIES = {
    "another salt": ({"salt": b"z" * 16}, ["merkle_proof"]),
    "another place": ({"leaf_index": 2}, ["merkle_proof"]),
    "a place outside": ({"leaf_index": 3}, ["merkle_proof"]),
    "a smaller tree": ({"tree_size": 2}, ["merkle_proof", "metadata", "mint"]),
    "a larger tree": ({"tree_size": 4}, ["metadata", "mint"]),
    "no proof": ({"proof": ()}, ["merkle_proof"]),
    "a longer proof": ({"proof": (*merkle.proof(LEAVES, 1), b"0" * 32)}, ["merkle_proof"]),
    "a node that is no hash": ({"proof": (b"short", b"0" * 32)}, ["merkle_proof"]),
    "another root": ({"root": b"0" * 32}, ["merkle_proof", "metadata"]),
    "another transaction": ({"tx_hash": "f" * 64}, ["transaction"]),
    "no salt": ({"salt": None}, ["merkle_proof"]),
    "no root": ({"root": None}, ["merkle_proof", "metadata"]),
}


@pytest.mark.parametrize(("changes", "names"), PROOF_LIES.values(), ids=PROOF_LIES)
def test_a_proof_with_one_thing_changed_does_not_hold(changes: dict[str, object], names: list[str]) -> None:
    assert broken(judged(redemption=with_burn(**changes))) == names


def test_a_proof_for_somebody_elses_use_does_not_hold() -> None:
    assert broken(judged(redemption=replace(REDEMPTION, id="redemption-9"))) == ["merkle_proof"]


def test_a_burn_of_another_token_than_was_promised_does_not_hold() -> None:
    tx_hash, raw = burned(OTHER_TOKEN)
    report = judged(redemption=with_burn(tx_hash=tx_hash), evidence=replace(EVIDENCE, raw=raw))
    assert broken(report) == ["mint"]


def test_the_promise_is_the_one_in_our_own_payment_request() -> None:
    assert broken(judged(held=papers(token=OTHER_TOKEN))) == ["mint"]


@pytest.mark.parametrize("count", [1, 2, 4, 100])
def test_a_batch_that_burns_another_number_than_its_redemptions_does_not_hold(count: int) -> None:
    tx_hash, raw = burned(count=count)
    report = judged(redemption=with_burn(tx_hash=tx_hash), evidence=replace(EVIDENCE, raw=raw))
    assert "mint" in broken(report)


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
    leaves = [*LEAVES[:2], merkle.redemption_leaf("somebody else", b"d" * 16)]
    _, other = burned(leaves=leaves)
    own_root, other_root = merkle.root(LEAVES), merkle.root(leaves)
    forged = other.replace(other_root, own_root)  # the body and its id stay those of the other batch
    tx_hash, _ = burned(leaves=leaves)
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
def test_papers_that_do_not_hold_prove_nothing(held: Papers, names: list[str]) -> None:
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
