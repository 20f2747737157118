"""One good value of each kind, from fixed seeds: what the vectors and the attacks start from."""

from dataclasses import replace

from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import dpop, jws, prt, receipt
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from shared.tokens.receipt import Receipt

NOW = 1795214081
SELLER_KEY = SigningKey.from_seed(b"\x01" * 32)
HOLDER_KEY = SigningKey.from_seed(b"\x02" * 32)
SELLER = "did:web:seller.example"
URL = "https://seller.example/api/images/generate"

OPTION = PaymentOption(
    id="cardano-1",
    amount=6_000_000,
    decimals=6,
    currency="ADA",
    recipient="addr_test1vzpwq95z3xyum8vqndgdd9mdnmafh3djcxnc6jemlgdmswcve6tkw",
    network="cardano:preprod",
    receipt_service="https://seller.example/api/payments",
)

REQUEST = PaymentRequest(
    id="3f1c2e9a-7d44-4d0b-9d0e-0a4f5b6c7d8e",
    issuer=SELLER,
    description="3 image credits",
    issued_at=NOW,
    expires_at=NOW + 900,
    service_callback="https://seller.example/api/payments",
    price=Money(300, "USD", 2),
    order=Order("image-credit", 3, f"{'a1' * 28}.435245415445", HOLDER_KEY.public.did),
    options=(OPTION, replace(OPTION, id="card-1", amount=300, decimals=2, currency="USD", network="stripe")),
)

PLAIN_REQUEST = replace(
    REQUEST,
    service_callback=None,
    order=replace(REQUEST.order, holder=None),
    options=(PaymentOption("usd-1", 300, 2, "USD", "acct_1"),),
)

REQUEST_TOKEN = jws.sign(prt.claims(REQUEST), SELLER_KEY)

RECEIPT = Receipt(
    id="urn:uuid:0b8f4a52-8f0e-4d6e-9d3b-6a1f2c3d4e5f",
    issuer=SELLER,
    payer=HOLDER_KEY.public.did,
    issued_at=NOW,
    expires_at=NOW + 31_536_000,
    payment_request_token=jws.sign(prt.claims(PLAIN_REQUEST), SELLER_KEY),
    payment_option_id="usd-1",
    metadata={"network": "cardano:preprod", "txHash": "cd" * 32},
    holder_thumbprint=HOLDER_KEY.public.thumbprint,
)

RECEIPT_TOKEN = jws.sign(receipt.claims(RECEIPT), SELLER_KEY)

CLAIM = Evidence(
    payment_request_token=RECEIPT.payment_request_token,
    option_id="usd-1",
    payer=HOLDER_KEY.public.did,
    network="cardano:preprod",
    payload={"txHash": "cd" * 32},
)

PROOF = dpop.make(HOLDER_KEY, method="POST", url=URL, now=NOW, jti="q4Tz7b1nXkW0", token=RECEIPT_TOKEN)
