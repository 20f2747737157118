"""The readers of strangers' bytes, each with good samples to start from and the refusals that it may answer with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from buyer.errors import SellerFault
from buyer.proof import redemption as redemption_reader
from buyer.seller import catalog as catalog_reader
from paywall.errors import PaywallError
from paywall.rails.acklab import lab_receipt
from shared import acklab, strict_json
from shared.acklab import AckLabRefused, AckLabUnreadable
from shared.cardano import addresses
from shared.cardano.addresses import InvalidAddressError
from shared.cardano.metadata import read_burn, read_payment
from shared.cardano.read.cbor import CborError
from shared.cardano.read.cbor import Reader as CborReader
from shared.cardano.read.output_sizes import output_sizes
from shared.cardano.read.transaction import TransactionError, parse
from shared.dialects import ack
from shared.keys import InvalidKeyError, did_document, keys_of_document
from shared.problem import Problem
from shared.strict_json import StrictJsonError
from shared.tokens import dpop, jws, plain_request, prt, receipt, status_list
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption
from shared.tokens.status_list import ListedStatus, StatusList
from shared.x402_cardano.reasons import ExactRefusal
from shared.x402_cardano.rules import check_alone
from shared.x402_cardano.shown_payment import read_payment as exact_payment
from tests.conformance import samples
from tests.conformance.samples import CLAIM, HOLDER_KEY, NOW, RECEIPT, REQUEST, SELLER, SELLER_KEY, URL
from tests.fuzz import papers
from tests.unit.cardano.cardano_samples import (
    OURS,
    assembled,
    burn,
    payment,
    plain_body,
    signed,
    utxo,
)


@dataclass(frozen=True, slots=True)
class FuzzedReader:
    """`read` gives whatever it likes, or raises one of `refusals`; anything else it raises is a fault.

    `form` is what the samples are written in, where a mutation may keep to it: "json", "cbor" or "".
    """

    name: str
    samples: tuple[bytes, ...]
    read: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    form: str = "json"


def readers() -> dict[str, FuzzedReader]:
    """By name."""
    return {one.name: one for one in (*_tokens(), *_documents(), *_cardano())}


def _payload(of: str) -> bytes:
    return papers.json(jws.unverified(of)[1])


def _tokens() -> Iterator[FuzzedReader]:
    issuers = {SELLER: (SELLER_KEY.public,)}
    claim = ack.claim_token(CLAIM, HOLDER_KEY, now=NOW)
    raw_claim = ack.claim_token(replace(CLAIM, payload={"transaction": b"\x84"}), HOLDER_KEY, now=NOW)
    good = jws.read(samples.PROOF)
    refused = (TokenError,)

    def proof(text: str) -> object:
        url_ok = URL.__eq__
        return dpop.verify(text, method="POST", url_ok=url_ok, now=NOW, token=samples.RECEIPT_TOKEN)

    yield FuzzedReader(
        "token",
        tuple(text.encode() for text in (samples.REQUEST_TOKEN, samples.RECEIPT_TOKEN)),
        lambda data: jws.verify(data.decode("latin-1"), (SELLER_KEY.public,)),
        refused,
        form="",
    )
    yield FuzzedReader(
        "payment request",
        (papers.json(prt.claims(REQUEST)), papers.json(prt.claims(samples.PLAIN_REQUEST))),
        lambda data: prt.verify(papers.token(data, SELLER_KEY), (SELLER_KEY.public,), issuer=SELLER, now=NOW),
        refused,
    )
    yield FuzzedReader(
        "receipt",
        (papers.json(receipt.claims(RECEIPT)),),
        lambda data: receipt.verify(papers.token(data, SELLER_KEY), issuers, now=NOW),
        refused,
    )
    yield FuzzedReader(
        "receipt with a place in a status list",
        (papers.json(receipt.claims(replace(RECEIPT, status=_PLACE))),),
        lambda data: receipt.verify(papers.token(data, SELLER_KEY), issuers, now=NOW),
        refused,
    )
    yield FuzzedReader(
        "status list",
        (papers.json(status_list.ack_claims(StatusList(_PLACE.url, SELLER, (5,), NOW, NOW + 60))),),
        lambda data: status_list.is_revoked(
            {"proof": {"type": "JwtProof2020", "jwt": papers.token(data, SELLER_KEY)}},
            *(_PLACE, SELLER, (SELLER_KEY.public,)),
            now=NOW,
        ),
        refused,
    )
    there = papers.token(papers.json(_THERE), SELLER_KEY)
    subject = {"paymentRequestToken": there, "paymentOptionId": "usd-1", "metadata": {"amount": "3.00"}}
    paid = receipt.claims(RECEIPT)
    paid["vc"]["credentialSubject"] = subject
    yield FuzzedReader(
        "payment request of another maker",
        (papers.json(_THERE),),
        lambda data: plain_request.read(papers.token(data, SELLER_KEY)),
        refused,
    )
    yield FuzzedReader(
        "receipt of ACK Lab",
        (papers.json(paid),),
        lambda data: _judged(papers.token(data, SELLER_KEY)),
        (PaywallError,),
    )
    yield FuzzedReader(
        "holder proof",
        (papers.json(good.payload),),
        lambda data: proof(papers.token(data, HOLDER_KEY, header=good.header)),
        refused,
    )
    yield FuzzedReader(
        "holder proof's header",
        (papers.json(good.header),),
        lambda data: proof(papers.headed(data, papers.json(good.payload), HOLDER_KEY)),
        refused,
    )
    yield FuzzedReader(
        "claim",
        (_payload(claim), _payload(raw_claim)),
        lambda data: ack.read_claim(papers.token(data, HOLDER_KEY), now=NOW),
        refused,
    )
    yield FuzzedReader(
        "challenge",
        (samples.REQUEST_TOKEN.encode(), papers.json({"paymentRequestToken": samples.REQUEST_TOKEN})),
        lambda data: ack.read_challenge(data, "application/json" if data[:1] == b"{" else "text/plain"),
        refused,
        form="",
    )


_PLACE = ListedStatus("https://seller.example/api/status-lists/0", 5)
#: a payment request as ACK Lab makes it
_THERE = {
    "iss": SELLER,
    "sub": "7",
    "id": "7",
    "exp": NOW + 60,
    "paymentOptions": [{"id": "usd-1", "amount": 300, "decimals": 2, "currency": "USD", "recipient": SELLER}],
}


def _judged(token: str) -> int:
    """As the rail does, but for the expiry of what is paid."""
    found = lab_receipt.read(token)
    lab_receipt.verify(found, (SELLER_KEY.public,), NOW)
    return lab_receipt.amount_paid(found, "7", PaymentOption("acklab", 300, 2, "USD", SELLER))


def _documents() -> Iterator[FuzzedReader]:
    refused = (StrictJsonError, SellerFault)
    yield FuzzedReader(
        "JSON",
        (b'{"a":[1,-2.5e3,"\\u00e9\\ud83d\\ude00",true,null]}',),
        strict_json.loads,
        (StrictJsonError,),
    )
    yield FuzzedReader(
        "answer of ACK Lab",
        (b'{"ok":true,"data":{"receipt":"x"},"error":"no","issues":[{"kind":"policy"}]}',),
        acklab.data_of,
        (AckLabRefused, AckLabUnreadable),
    )
    yield FuzzedReader("catalog", (papers.json(CATALOG),), _object(catalog_reader.read), refused)
    yield FuzzedReader("redemption", (papers.json(REDEMPTION),), _object(redemption_reader.read), refused)
    yield FuzzedReader(
        "DID document",
        (papers.json(did_document(SELLER, [SELLER_KEY.public, HOLDER_KEY.public])),),
        lambda data: keys_of_document(strict_json.loads(data), SELLER),
        (StrictJsonError, InvalidKeyError),
    )
    yield FuzzedReader(
        "problem",
        (papers.json(Problem(402, "payment_required", "Payment required", "Pay.").body()),),
        lambda data: Problem.parse(strict_json.loads(data)),
        (ValueError,),
    )


def _cardano() -> Iterator[FuzzedReader]:
    built = [
        signed(payment(utxo(1, 10_000_000, CREATE=1))),
        signed(burn(utxo(1, 9_000_000, CREATE=9), count=2)),
    ]
    batch = {8402: {"v": 2, "root": bytes(32), "sum": 3, "count": 2}}
    yield FuzzedReader(
        "CBOR",
        tuple(one.raw for one in built),
        lambda data: CborReader(data).item(),
        (CborError,),
        form="cbor",
    )
    yield FuzzedReader(
        "transaction", tuple(one.raw for one in built), parse, (TransactionError,), form="cbor"
    )
    yield FuzzedReader(
        "transaction's outputs", tuple(one.raw for one in built), _sized, (TransactionError,), form="cbor"
    )
    yield FuzzedReader(
        "x402 on Cardano",
        (papers.json(papers.shown_by_x402(built[0])),),
        _object(_x402),
        (StrictJsonError, ExactRefusal),
    )
    yield FuzzedReader(
        "transaction's body",
        (papers.cbor(plain_body()), papers.cbor(plain_body() | {3: 9, 9: {bytes(28): {b"CREATE": -1}}})),
        lambda data: parse(assembled(data)),
        (TransactionError,),
        form="cbor",
    )
    yield FuzzedReader(
        "metadata",
        (papers.cbor(batch), papers.cbor({8402: {"prt": bytes(32)}})),
        _metadata,
        (TransactionError,),
        form="cbor",
    )
    yield FuzzedReader(
        "address",
        (OURS.encode(), samples.OPTION.recipient.encode()),
        lambda data: addresses.to_bytes(data.decode("latin-1")),
        (InvalidAddressError,),
        form="",
    )


def _sized(data: bytes) -> object:
    outputs, sizes = parse(data).outputs, output_sizes(data)
    assert len(outputs) == len(sizes)
    return sizes


def _x402(body: Any) -> None:
    check_alone(exact_payment(body.get("paymentPayload"), body.get("paymentRequirements")))


def _metadata(data: bytes) -> object:
    found = parse(papers.with_metadata(plain_body(), data)).metadata
    return read_payment(found), read_burn(found)


def _object(read: Callable[[Any], object]) -> Callable[[bytes], object]:
    """As the buyer reads a seller's answers: an object, or nothing."""

    def reading(data: bytes) -> object:
        value = strict_json.loads(data)
        return read(value) if isinstance(value, dict) else None

    return reading


CATALOG: dict[str, Any] = {
    "seller": SELLER,
    "network": "cardano:devnet",
    "token": f"{'a1' * 28}.435245415445",
    "chain": {"blockfrost": "http://127.0.0.1:8403/api/v0"},
    "products": [
        {
            "id": "image-credit",
            "tiers": [{"from": 1, "unit_price": {"amount": 100, "currency": "USD", "decimals": 2}}],
        }
    ],
    "rails": [{"id": "cardano", "network": "cardano:devnet", "rate": "0.50 USD"}],
    "resources": [
        {
            "id": "images",
            "product": "image-credit",
            "credits": 1,
            "buy": "/api/images/buy",
            "use": "/api/images/generate",
        }
    ],
}
REDEMPTION: dict[str, Any] = {
    "redemption_id": "0192aaaa-0000-7000-8000-000000000000",
    "state": "captured",
    "burn": {
        "version": 2,
        "state": "confirmed",
        "quantity": 1,
        "leaf": "ab" * 32,
        "leaf_index": 1,
        "tree_size": 3,
        "path": [{"hash": "cd" * 32, "sum": 2}],
        "root": "ef" * 32,
        "sum": 3,
        "tx_hash": "12" * 32,
        "preimage": {"salt": "34" * 16},
    },
}
