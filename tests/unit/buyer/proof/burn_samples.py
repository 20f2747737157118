"""A burn of three uses, its papers, and what is judged of them."""

from collections.abc import Sequence
from dataclasses import replace

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
