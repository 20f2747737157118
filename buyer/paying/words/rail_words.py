"""What x402 and MPP say of money, in the words of whichever rail it is of. Pure."""

from typing import Any

from buyer.paying.words import cardano_words, usdc_words
from shared.dialects.base import Evidence
from shared.dialects.mpp_client import MppChallenge
from shared.evm.evm_tokens import KNOWN
from shared.tokens.prt import PaymentOption


def network(name: str) -> str:
    """A network by the name that payers have for it."""
    return usdc_words.ALIASES.get(name, cardano_words.network(name))


def strange(network: str, asset: str, method: str | None = None) -> str:
    """Why nobody here pays this; empty where somebody may. `method` is x402's name of how the asset is moved."""
    is_evm = network.startswith("eip155:")
    return (usdc_words.strange if is_evm else cardano_words.strange)(network, asset, method)


def option(option_id: str, amount: int, recipient: str, network: str) -> PaymentOption:
    """What is not `strange`, as payers judge it."""
    make = usdc_words.coins if network in KNOWN else cardano_words.lovelace
    return make(option_id, amount, recipient, network)


def network_of(challenge: MppChallenge) -> str | None:
    """The network of a challenge of MPP; None for a method that nobody here knows."""
    if challenge.method == cardano_words.METHOD:
        said = challenge.details.get("network")
        return said if isinstance(said, str) else None
    number = challenge.details.get("chainId")
    kinds = challenge.details.get("credentialTypes")
    takes = not isinstance(kinds, list) or usdc_words.TYPE in kinds
    is_evm = challenge.method == usdc_words.METHOD and type(number) is int and takes
    return f"eip155:{number}" if is_evm else None


def payload(evidence: Evidence, dialect: str) -> dict[str, Any]:
    """What a header of the dialect shows of a signed payment. Errors: SellerFault."""
    words = usdc_words if evidence.network in KNOWN else cardano_words
    shown = words.payload(evidence, dialect)
    return {"type": words.TYPE, **shown} if dialect == "mpp" else shown
