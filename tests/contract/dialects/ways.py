"""How the suite of the dialects opens each of them, and what the client writes that speaks it."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from shared import strict_json
from shared.dialects.ack import Ack, AckJson, claim_token, read_challenge
from shared.dialects.base import Accepted, ChargeTerms, Dialect, Evidence, ExactTerms, HeaderLines, Wordings
from shared.dialects.mpp import Mpp
from shared.dialects.x402 import X402
from shared.dialects.x402_v1 import NAMES, X402V1
from shared.tokens import base64url
from tests.conformance.samples import CLAIM, HOLDER_KEY, NOW, REQUEST, REQUEST_TOKEN
from tests.support.outside.dialect import ASK, SHOW, PlainDialect

#: what a client sends: headers with names in lower case, and the object in the body
Sent = tuple[dict[str, str], dict[str, Any]]
#: of the dialects that have words of their own for an option
WORDINGS = Wordings(
    (ExactTerms("cardano", "cardano:devnet", "lovelace", 7, "addr_test1", {}),),
    (ChargeTerms("cardano", "cardano", "lovelace", 7, "addr_test1", {"network": "cardano:devnet"}),),
)
VOUCHER = Evidence(REQUEST_TOKEN, "voucher", HOLDER_KEY.public.did, "voucher:shop", {"voucher": "spring"})
UNSENT = replace(CLAIM, payload={"transaction": bytes(range(256)) * 4})
COUPON = replace(CLAIM, network="coupons", payload={"coupon": b"\xfb\xef", "shop": "Bergen"})
#: as x402's payers show one: their texts, and the request by its name
EXACT = Evidence(
    "",
    "cardano",
    "",
    "cardano:devnet",
    {"transaction": "hKUA", "nonce": "ab#0"},
    reference=f"{REQUEST.id}.c2ln",
    accepted=Accepted("7", "addr_test1"),
)
#: as MPP's payers show one: the challenge's id names the request
CHARGED = replace(EXACT, payload={"type": "transaction", "transaction": "hKUA"}, method="cardano")
#: as payers of x402's first version show one: it names nothing
UNNAMED = Evidence("", "", "", "eip155:8453", {"signature": "0xab", "authorization": "{}"})


@dataclass(frozen=True)
class Way:
    """How the suite opens a dialect, and plays the client that speaks it.

    `write` gives what shows an evidence, made at NOW; `carried` are evidences that the dialect has words for;
    `token_in` finds the token to pay in the headers, body and media type of a 402.
    """

    open: Callable[[], Dialect]
    write: Callable[[Evidence], Sent]
    carried: tuple[Evidence, ...]
    token_in: Callable[[HeaderLines, bytes, str], str]


def _claimed(evidence: Evidence) -> Sent:
    return {}, {"payload": claim_token(evidence, HOLDER_KEY, now=NOW)}


def _voucher(evidence: Evidence) -> Sent:
    code = evidence.payload["voucher"]
    return {SHOW: f"{evidence.payer} {code!s} {evidence.payment_request_token}"}, {}


def _signed(evidence: Evidence) -> Sent:
    extra = {"paymentRequest": evidence.reference, "paymentOptionId": evidence.option_id}
    amount, pay_to = evidence.accepted or Accepted("7", "addr_test1")
    accepted = {
        "scheme": "exact",
        "network": evidence.network,
        "amount": amount,
        "payTo": pay_to,
        "extra": extra,
    }
    said = {"x402Version": 2, "accepted": accepted, "payload": dict(evidence.payload)}
    return {"payment-signature": base64.b64encode(strict_json.dumps(said).encode()).decode()}, {}


def _charged(evidence: Evidence) -> Sent:
    amount, recipient = evidence.accepted or Accepted("7", "addr_test1")
    request = {"amount": amount, "recipient": recipient, "methodDetails": {"network": evidence.network}}
    challenge = {
        "id": f"{evidence.reference}.{evidence.option_id}",
        "method": evidence.method,
        "intent": "charge",
        "request": base64url.encode(strict_json.canonical(request)),
    }
    said = {"challenge": challenge, "payload": dict(evidence.payload)}
    return {"authorization": f"Payment {base64url.encode(strict_json.canonical(said))}"}, {}


def _unnamed(evidence: Evidence) -> Sent:
    network = NAMES.get(evidence.network, "base")
    said = {"x402Version": 1, "scheme": "exact", "network": network, "payload": dict(evidence.payload)}
    return {"x-payment": base64.b64encode(strict_json.dumps(said).encode()).decode()}, {}


def _x402_token(headers: HeaderLines, _body: bytes, _media_type: str) -> str:
    said = strict_json.loads(base64.b64decode(dict(headers)["PAYMENT-REQUIRED"]))
    return str(said["extensions"]["offer-receipt"]["info"]["offers"][0]["signature"])


def _ack_token(_headers: HeaderLines, body: bytes, media_type: str) -> str:
    return read_challenge(body, media_type)


def _plain_token(headers: HeaderLines, _body: bytes, _media_type: str) -> str:
    return dict(headers)[ASK].partition("token=")[2]


WAYS: dict[str, Way] = {
    "Ack": Way(Ack, _claimed, (CLAIM, UNSENT, COUPON, VOUCHER), _ack_token),
    "AckJson": Way(AckJson, _claimed, (CLAIM, UNSENT, COUPON, VOUCHER), _ack_token),
    "X402": Way(X402, _signed, (EXACT,), _x402_token),
    "X402V1": Way(X402V1, _unnamed, (UNNAMED,), _ack_token),
    "Mpp": Way(Mpp, _charged, (CHARGED,), _ack_token),
    "PlainDialect": Way(PlainDialect, _voucher, (VOUCHER,), _plain_token),
}
