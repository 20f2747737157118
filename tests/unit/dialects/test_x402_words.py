"""x402's 402 is put together from what is the same for all and what is each one's own."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from shared import strict_json
from shared.dialects.base import ExactTerms, Offer, Wordings
from shared.dialects.x402 import X402
from shared.dialects.x402_extensions import extensions
from tests.conformance.samples import REQUEST, REQUEST_TOKEN

TERMS = ExactTerms(
    "cardano", "cardano:preprod", "lovelace", 7, "addr_test1", {"assetTransferMethod": "default"}
)
OTHER = ExactTerms("usdc", "eip155:8453", "0xab", 3, "0xcd", {"name": "USDC"})
ODD = ["", "https://seller.example/a?b=c", '\\u0000"\\u0000"', '"\\u0000\\u0000"', 'a"b\\', "ü\n"]


def asked(offer: Offer) -> Any:
    """By the header, which says what the body says, and is there when there is something to accept."""
    parts = X402().challenge(offer)
    lines = dict(parts.headers)
    assert ("PAYMENT-REQUIRED" in lines) == bool(offer.wordings.exact)
    if lines:
        assert base64.b64decode(lines["PAYMENT-REQUIRED"], validate=True) == parts.body()
    return strict_json.loads(parts.body())


@pytest.mark.parametrize("exact", [(), (TERMS,), (TERMS, OTHER)], ids=len)
@pytest.mark.parametrize("odd", ODD)
def test_whatever_words_stand_in_it_each_thing_stands_where_it_belongs(
    exact: tuple[ExactTerms, ...], odd: str
) -> None:
    offer = Offer(REQUEST_TOKEN, replace(REQUEST, description=odd), None, odd, Wordings(exact))
    assert asked(offer) == {
        "x402Version": 2,
        "error": f"Pay {REQUEST.price}.",
        "resource": {"url": odd, "description": odd},
        "accepts": [
            {
                "scheme": "exact",
                "network": terms.network,
                "amount": str(terms.amount),
                "asset": terms.asset,
                "payTo": terms.pay_to,
                "maxTimeoutSeconds": REQUEST.expires_at - REQUEST.issued_at,
                "extra": {
                    **terms.extra,
                    "paymentRequest": f"{REQUEST.id}.{REQUEST_TOKEN.rpartition('.')[2]}",
                    "paymentOptionId": terms.option_id,
                },
            }
            for terms in exact
        ],
        "extensions": {
            **extensions(""),
            "offer-receipt": {"info": {"offers": [{"format": "jws", "signature": REQUEST_TOKEN}]}},
        },
    }


def test_two_that_differ_in_what_their_network_says_are_told_apart() -> None:
    other = replace(TERMS, extra={"assetTransferMethod": "script"})
    methods = [
        asked(Offer(REQUEST_TOKEN, REQUEST, None, "", Wordings((terms,))))["accepts"][0]["extra"][
            "assetTransferMethod"
        ]
        for terms in (TERMS, other)
    ]
    assert methods == ["default", "script"]
