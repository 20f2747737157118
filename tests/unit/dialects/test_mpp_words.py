"""MPP's challenge says what was stored, in the words of its draft, and `Accept-Payment` chooses among them."""

import re
from dataclasses import replace
from typing import Any

import pytest
from mpp import Challenge

from shared import strict_json
from shared.dialects.base import ChargeTerms, ExactTerms, Offer, Wordings
from shared.dialects.mpp import Mpp, preferred
from shared.dialects.x402 import X402
from shared.tokens import base64url
from shared.tokens.jws import TokenError
from shared.tokens.prt import iso_time, token_hash
from tests.conformance.samples import REQUEST, REQUEST_TOKEN

CARDANO = ChargeTerms(
    "cardano", "cardano", "lovelace", 7, "addr_test1", {"network": "cardano:preprod", "confirmations": 2}
)
EVM = ChargeTerms("usdc", "evm", "0xab", 3, "0xcd", {"network": "eip155:8453", "chainId": 8453})
ON_CARDANO = ExactTerms("cardano", "cardano:preprod", "lovelace", 7, "addr_test1", {})
ON_EVM = ExactTerms("usdc", "eip155:8453", "0xab", 3, "0xcd", {})
SIGNATURE = REQUEST_TOKEN.rpartition(".")[2]


def offered(*charges: ChargeTerms, **changes: Any) -> Offer:
    return Offer(
        REQUEST_TOKEN,
        REQUEST,
        url="https://seller.example:8443/a?b",
        wordings=Wordings((), charges),
        **changes,
    )


def challenges(offer: Offer) -> list[Challenge]:
    """As PyPI `pympp` reads them."""
    return [Challenge.from_www_authenticate(line) for _, line in Mpp().challenge(offer).headers]


def test_each_method_has_a_line_that_pympp_reads_as_what_was_asked() -> None:
    first, second = challenges(offered(CARDANO, EVM))
    assert (first.id, second.id) == (f"{REQUEST.id}.{SIGNATURE}.cardano", f"{REQUEST.id}.{SIGNATURE}.usdc")
    assert (first.realm, first.method, first.intent) == ("seller.example:8443", "cardano", "charge")
    assert first.expires == iso_time(REQUEST.expires_at)
    assert first.request == {
        "amount": "7",
        "currency": "lovelace",
        "externalId": token_hash(REQUEST_TOKEN).hex(),
        "methodDetails": {"network": "cardano:preprod", "confirmations": 2},
        "recipient": "addr_test1",
    }
    assert second.request["methodDetails"] == {"network": "eip155:8453", "chainId": 8453}


def test_the_request_is_canonical_json() -> None:
    (line,) = [line for _, line in Mpp().challenge(offered(CARDANO)).headers]
    found = re.search(r'request="([^"]+)"', line)
    assert found is not None
    raw = base64url.decode(found[1])
    assert raw == strict_json.canonical(strict_json.loads(raw))


@pytest.mark.parametrize(
    "odd", ['"externalId":""', "externalId", '","externalId":"', "\0", '\\"externalId\\":\\"\\"']
)
def test_the_hash_stands_where_it_belongs_whatever_the_currency_is_called(odd: str) -> None:
    (asked,) = challenges(offered(replace(CARDANO, currency=odd)))
    assert (asked.request["currency"], asked.request["externalId"]) == (odd, token_hash(REQUEST_TOKEN).hex())


@pytest.mark.parametrize(
    ("accepted", "methods"),
    [
        ("", ["cardano", "evm"]),
        ("evm/charge", ["evm"]),
        ("evm/charge, cardano/*;q=0.5", ["evm", "cardano"]),
        ("*/*;q=0.1,evm/charge;q=1.0", ["evm", "cardano"]),
        ("cardano/charge;q=0, */charge", ["evm"]),
        ("tempo/charge", ["cardano", "evm"]),
        ("tempo/session, stripe/*", ["cardano", "evm"]),
        ("no range at all", ["cardano", "evm"]),
        ("evm/charge;q=7", ["cardano", "evm"]),
        (",".join(["tempo/charge"] * 16 + ["evm/charge"]), ["cardano", "evm"]),
    ],
)
def test_accept_payment_chooses_and_orders_and_what_matches_nothing_is_not_heeded(
    accepted: str, methods: list[str]
) -> None:
    assert [charge.method for charge in preferred((CARDANO, EVM), accepted)] == methods
    assert [asked.method for asked in challenges(offered(CARDANO, EVM, accept_payment=accepted))] == methods


def test_who_speaks_mpp_is_told_of_no_networks_by_x402_that_such_clients_fail_on() -> None:
    offer = Offer(REQUEST_TOKEN, REQUEST, wordings=Wordings((ON_CARDANO, ON_EVM)))
    networks = [
        [entry["network"] for entry in strict_json.loads(X402().challenge(offer).body())["accepts"]]
        for offer in (offer, replace(offer, accept_payment="evm/charge"))
    ]
    assert networks == [["cardano:preprod", "eip155:8453"], ["eip155:8453"]]
    alone = replace(offer, wordings=Wordings((ON_CARDANO,)), accept_payment="evm/charge")
    assert X402().challenge(alone).headers == ()


def shown(**changes: Any) -> dict[str, Any]:
    request = {"amount": "7", "recipient": "addr_test1", "methodDetails": {"network": "cardano:preprod"}}
    challenge = {
        "id": f"{REQUEST.id}.{SIGNATURE}.cardano",
        "method": "cardano",
        "intent": "charge",
        "request": base64url.encode(strict_json.canonical(request)),
    }
    return {
        "challenge": challenge | changes.pop("challenge", {}),
        "payload": {"transaction": "hKUA"},
    } | changes


def read(said: Any) -> Any:
    header = {"authorization": f"Payment {base64url.encode(strict_json.canonical(said))}"}
    return Mpp().read_payment(header, {}, now=0)


@pytest.mark.parametrize("opaque", [{"a": "b"}, base64url.encode(b'{"a":"b"}')])
def test_opaque_is_taken_as_an_object_and_as_a_text(opaque: object) -> None:
    assert read(shown(challenge={"opaque": opaque})) == read(shown())


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"challenge": {}, "payload": {}},
        shown(payload={}),
        shown(payload="hKUA"),
        shown(payload={"transaction": "A" * 30_000}),
        shown(challenge={"id": "one"}),
        shown(challenge={"id": f"{REQUEST.id}.{SIGNATURE}"}),
        shown(challenge={"intent": "session"}),
        shown(challenge={"request": "e30"}),
        shown(challenge={"request": "####"}),
        shown(challenge={"request": base64url.encode(b'{"methodDetails":{"network":7}}')}),
        shown(challenge={"method": 7}),
    ],
)
def test_what_is_no_credential_is_refused(said: Any) -> None:
    with pytest.raises(TokenError):
        read(said)


@pytest.mark.parametrize("header", ["Payment", "Payment ", "Payment e30=e30", "payment ==", "Payment W10"])
def test_a_header_that_holds_none_is_refused(header: str) -> None:
    with pytest.raises(TokenError):
        Mpp().read_payment({"authorization": header}, {}, now=0)
