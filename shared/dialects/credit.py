"""The scheme `credit` for x402: a use is paid for with credits that its payer has, by his receipt and his key's proof.

It is our proposal, and `docs/credit-scheme.md` is its text. No money moves, so nothing settles: what is shown is what
`Authorization: DPoP` shows, in x402's words.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.dialects.base import CreditTerms, HeaderLines
from shared.dialects.x402_headers import SIGNATURE, VERSION, decoded_header, response
from shared.tokens import fields

SCHEME = "credit"
#: characters of a network's reference (CAIP-2)
_REFERENCE = 32


class ShownCredit(NamedTuple):
    """A receipt's token, and the DPoP proof of its holder's key: None for one that is bound to nobody.

    `network` is the one that its payer accepted.
    """

    receipt: str
    proof: str | None
    network: str


def network_of(seller: str) -> str:
    """The seller (a DID) as the network that its credits are good on: CAIP-2 has no room for the DID itself."""
    return f"{SCHEME}:{hashlib.sha256(seller.encode()).hexdigest()[:_REFERENCE]}"


def credit_entry(terms: CreditTerms, seller: str, url: str, seconds: int) -> dict[str, Any]:
    """What asks for credits in `accepts`, by a request to `url`; the 402 that asks is good for `seconds`."""
    return {
        "scheme": SCHEME,
        "network": network_of(seller),
        "amount": str(terms.credits),
        "asset": terms.product,
        "payTo": seller,
        "maxTimeoutSeconds": seconds,
        "extra": {"holderProof": "dpop", "htm": terms.method, "htu": url.partition("?")[0]},
    }


def shows_credit(said: Mapping[str, Any]) -> bool:
    """Whether what stands in `PAYMENT-SIGNATURE` is of this scheme."""
    accepted = said.get("accepted")
    return (
        said.get("x402Version") == VERSION and isinstance(accepted, dict) and accepted.get("scheme") == SCHEME
    )


def read_credit(headers: Mapping[str, str]) -> ShownCredit | None:
    """What a request shows by this scheme; None for nothing, or another scheme. Errors: TokenError.

    `headers` have names in lower case.
    """
    shown = headers.get(SIGNATURE.lower())
    if shown is None or not shows_credit(said := decoded_header(SIGNATURE, shown)):
        return None
    payload, network = (
        fields.mapping(said, "payload"),
        fields.text(fields.mapping(said, "accepted"), "network"),
    )
    return ShownCredit(fields.text(payload, "receipt"), fields.optional_text(payload, "proof"), network)


def credit_used(network: str, redemption_id: str, credits_remaining: int) -> HeaderLines:
    """What became of it: the redemption stands where a transaction does elsewhere."""
    left = {"creditsRemaining": credits_remaining}
    return response({"success": True, "transaction": redemption_id, "network": network, "extra": left})
