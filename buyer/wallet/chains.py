"""Which chain service the buyer asks: its own, save on the devnet, where there is only the seller's."""

from collections.abc import Mapping

from buyer.errors import SellerFault, UsageError, clean
from buyer.seller.checks import DEVNET
from buyer.seller.http import is_loopback
from shared.chain.blockfrost import Blockfrost


def connect(network: str, offered: str | None, environment: Mapping[str, str]) -> Blockfrost:
    """The chain of `network`. `offered` is what the seller's catalog names, believed for play money only.

    Errors: SellerFault for a devnet that is not on this machine; UsageError when BLOCKFROST_PROJECT_ID lacks.
    """
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
