"""EVM networks by their CAIP-2 names, addresses, and the EIP-3009 tokens that are known by address. Pure."""

import re
from typing import NamedTuple

NETWORK = re.compile(r"eip155:[1-9][0-9]{0,17}")
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
NOWHERE = "0x" + "0" * 40


class Token(NamedTuple):
    """An EIP-3009 token: where it is, and the name and version of its EIP-712 domain."""

    address: str
    name: str
    version: str


#: USDC, which is Circle's, by network
KNOWN = {
    "eip155:8453": Token("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USD Coin", "2"),
    "eip155:84532": Token("0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "2"),
}
#: of all of them
CURRENCY, DECIMALS = "USDC", 6


def chain_id(network: str) -> int:
    """The number that EIP-155 gives a network."""
    return int(network.rpartition(":")[2])
