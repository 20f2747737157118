"""The words of x402 and MPP for ADA: networks, the asset, and what is shown of a signed payment. Pure."""

import base64
from typing import Any

from buyer.errors import SellerFault
from shared.cardano.network import NETWORKS
from shared.cardano.read.transaction import parse
from shared.dialects.base import Evidence
from shared.tokens.prt import PaymentOption

LOVELACE, ADA_DECIMALS = "lovelace", 6
#: x402's name of a payment to an address; the others lock what is paid in a script
MOVED_BY = "default"
#: MPP's name of the method, and of what is shown
METHOD, TYPE = "cardano", "transaction"
#: networks by the other names that x402 allows
ALIASES = {
    "cip34:1-764824073": "cardano:mainnet",
    "cip34:0-1": "cardano:preprod",
    "cip34:0-2": "cardano:preview",
}


def network(name: str) -> str:
    """A network by the name that wallets have for it."""
    return ALIASES.get(name, name)


def strange(network: str, asset: str, method: str | None) -> str:
    """Why nobody here pays this; empty where somebody may."""
    if network not in NETWORKS:
        return f"the network {network} is not known"
    if method not in {None, MOVED_BY}:
        return f"the assetTransferMethod {method} is not known"
    return "" if asset == LOVELACE else f"the asset {asset} is not known"


def lovelace(option_id: str, amount: int, recipient: str, network: str) -> PaymentOption:
    return PaymentOption(option_id, amount, ADA_DECIMALS, "ADA", recipient, network)


def payload(evidence: Evidence, dialect: str) -> dict[str, Any]:
    """The transaction in base64; x402 wants one of its inputs named beside it. Errors: SellerFault."""
    raw = evidence.payload["transaction"]
    if not isinstance(raw, bytes):
        raise SellerFault("payment_impossible", "the payment cannot be shown in a header")
    shown = {"transaction": base64.b64encode(raw).decode("ascii")}
    if dialect != "mpp":
        tx_hash, position = parse(raw).inputs[0]
        shown["nonce"] = f"{tx_hash}#{position}"
    return shown
