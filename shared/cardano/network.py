"""The Cardano networks we know, by the names that payment options carry."""

DEVNET = "cardano:devnet"
NETWORKS = {"cardano:mainnet": 1, "cardano:preprod": 0, "cardano:preview": 0, DEVNET: 0}


class UnknownNetworkError(ValueError):
    """The name is not one of `NETWORKS`."""


def ledger_id(network: str) -> int:
    """The ledger's network id: 1 for mainnet, 0 for every test network. Raises `UnknownNetworkError`."""
    try:
        return NETWORKS[network]
    except KeyError:
        raise UnknownNetworkError(f"unknown network {network!r}; known: {', '.join(NETWORKS)}") from None
