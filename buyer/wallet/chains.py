"""Which chain service the buyer asks: its own, save on the devnet, where there is only the seller's."""

from collections.abc import Mapping

from buyer.errors import BuyerError, SellerFault, UsageError
from buyer.seller.http import is_loopback
from shared.cardano.network import DEVNET, NETWORKS
from shared.chain.blockfrost import Blockfrost
from shared.text import clean


def connect(network: str, offered: str | None, environment: Mapping[str, str]) -> Blockfrost:
    """The chain of `network`. `offered` is what the seller's catalog names, believed for play money only.

    Errors: SellerFault for a network that nobody knows and for a devnet that is not on this machine; UsageError
    when BLOCKFROST_PROJECT_ID lacks.
    """
    if network not in NETWORKS:
        # It becomes a part of a host's name.
        raise _unknown(network)
    if network == DEVNET:
        if offered is None or not is_loopback(offered):
            # A seller must not be able to send the buyer's questions to a host of its choice.
            raise SellerFault(
                "devnet_elsewhere", f"the seller's devnet is not on this machine: {clean(offered)}"
            )
        return Blockfrost(offered)
    project_id = environment.get("BLOCKFROST_PROJECT_ID", "")
    if not project_id:
        hint = "Get a project id for that network from blockfrost.io and set BLOCKFROST_PROJECT_ID."
        raise UsageError(
            "chain_missing", f"{network} is seen through Blockfrost, which needs a key", hint=hint
        )
    return Blockfrost(f"https://{network.replace(':', '-')}.blockfrost.io/api/v0", project_id)


def differs(theirs: str, ours: str) -> BuyerError:
    """Why a wallet of another network cannot buy there."""
    if theirs not in NETWORKS:
        return _unknown(theirs)
    hint = f"Make one of that network: buyer wallet create --wallet FILE --network {theirs}"
    return UsageError("network_differs", f"the seller is on {theirs}, and this wallet on {ours}", hint=hint)


def _unknown(network: str) -> SellerFault:
    return SellerFault("network_unknown", f"the seller is on a network that nobody knows: {clean(network)}")
