"""The words of x402 and MPP for USDC on EVM: networks, the asset, and what is shown of a signed authorization. Pure."""

from typing import Any

from shared import strict_json
from shared.dialects.base import Evidence
from shared.evm.evm_tokens import CURRENCY, DECIMALS, KNOWN
from shared.tokens.prt import PaymentOption

#: MPP's name of the method, and of what is shown
METHOD, TYPE = "evm", "authorization"
#: x402's name of the signed authorization; the other one lets a contract take what it is allowed
MOVED_BY = "eip3009"
#: networks by the names that version 1 of x402 has for them
ALIASES = {"base": "eip155:8453", "base-sepolia": "eip155:84532"}


def strange(network: str, asset: str, method: str | None) -> str:
    """Why nobody here pays this; empty where somebody may. A token is known by its address, never by its name."""
    if network not in KNOWN:
        return f"the network {network} is not known"
    if method not in {None, MOVED_BY}:
        return f"the assetTransferMethod {method} is not known"
    return "" if asset.lower() == KNOWN[network].address.lower() else f"the asset {asset} is not known"


def coins(option_id: str, amount: int, recipient: str, network: str) -> PaymentOption:
    return PaymentOption(option_id, amount, DECIMALS, CURRENCY, recipient, network)


def payload(evidence: Evidence, dialect: str) -> dict[str, Any]:
    """The authorization and its signature: beside each other in MPP, one below the other in x402."""
    authorization, signature = evidence.payload["authorization"], evidence.payload["signature"]
    members = strict_json.loads(authorization)
    if dialect == "mpp":
        return {**members, "signature": signature}
    return {"signature": signature, "authorization": members}
