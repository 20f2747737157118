"""Which chain service the buyer asks: its own, save on a devnet of this machine, where the seller's may serve."""

from collections.abc import Mapping
from dataclasses import dataclass

from buyer.errors import BuyerError, SellerFault, UsageError
from buyer.outgoing import usable_variables
from buyer.seller.origin import is_on_this_machine
from buyer.wallet.chain_address import ChainAddress, ChainAddressError
from shared.cardano.network import DEVNET, NETWORKS
from shared.chain.blockfrost import Blockfrost
from shared.money import Money

#: the variable that names the buyer's own chain service
VARIABLE = "BUYER_CHAIN"
#: what one ADA of play money is worth where nobody says otherwise
DEVNET_RATE = Money(50, "USD", 2)
_PROJECT_ID = "BLOCKFROST_PROJECT_ID"


@dataclass(frozen=True, slots=True)
class OfferedChain:
    """What the catalog of the seller at `origin` says of the chain that it burns on; `url` None for nothing."""

    network: str
    url: str | None
    origin: str


def connect(offered: OfferedChain, environment: Mapping[str, str]) -> Blockfrost:
    """The chain of the seller's network, wherever `locate` finds it."""
    return open_at(locate(offered, environment), environment)


def is_sellers_alone(network: str, environment: Mapping[str, str]) -> bool:
    """Whether only the seller can name a chain service: on a devnet, where the user names none."""
    return network == DEVNET and own_address(environment) is None


def play_rates() -> Mapping[str, Money]:
    """What one unit of play money is worth where no seller says it."""
    return {DEVNET: DEVNET_RATE}


def locate(offered: OfferedChain, environment: Mapping[str, str]) -> ChainAddress:
    """BUYER_CHAIN; else a devnet's own where seller and devnet are both on this machine; else Blockfrost.

    Errors: SellerFault for a network that nobody knows and for a devnet that is not believed; UsageError when
    BUYER_CHAIN is no URL or BLOCKFROST_PROJECT_ID lacks.
    """
    if offered.network not in NETWORKS:
        # It becomes a part of a host's name.
        raise _unknown(offered.network)
    if (own := own_address(environment)) is not None:
        return own
    if offered.network == DEVNET:
        return _believed(offered)
    if not environment.get(_PROJECT_ID):
        hint = (
            f"Get a project id for that network from blockfrost.io and set {_PROJECT_ID}, or set {VARIABLE}."
        )
        raise UsageError(
            "chain_missing", f"{offered.network} is seen through Blockfrost, which needs a key", hint=hint
        )
    return ChainAddress.parse(f"https://{offered.network.replace(':', '-')}.blockfrost.io/api/v0")


def own_address(environment: Mapping[str, str]) -> ChainAddress | None:
    """The chain service that the user named, None when he named none; UsageError when it is no URL."""
    text = environment.get(VARIABLE, "")
    return named(text, VARIABLE) if text else None


def named(text: str, where: str) -> ChainAddress:
    """The chain service that the user named at `where`; UsageError when it is no URL."""
    try:
        return ChainAddress.parse(text)
    except ChainAddressError as error:
        raise UsageError("chain_malformed", f"{where}: {error}") from error


def open_at(address: ChainAddress, environment: Mapping[str, str]) -> Blockfrost:
    """A connection to a chain service. The project id leaves this machine over https alone."""
    secret = environment.get(_PROJECT_ID, "") if address.encrypted or address.on_this_machine else ""
    with usable_variables():
        return Blockfrost(address.url, secret)


def differs(theirs: str, ours: str) -> BuyerError:
    """Why a wallet of another network cannot buy there."""
    if theirs not in NETWORKS:
        return _unknown(theirs)
    hint = f"Make one of that network: buyer wallet create --wallet FILE --network {theirs}"
    return UsageError("network_differs", f"the seller is on {theirs}, and this wallet on {ours}", hint=hint)


def _believed(offered: OfferedChain) -> ChainAddress:
    """The seller's own devnet. A seller elsewhere could make us call what listens on our machine only."""
    try:
        address = ChainAddress.parse(offered.url or "")
    except ChainAddressError:
        address = None
    if address is None or not address.on_this_machine or not is_on_this_machine(offered.origin):
        hint = f"If you trust that chain service, name it yourself: {VARIABLE}=https://host/api/v0"
        message = f"the devnet that {offered.origin} names is not on this machine"
        raise SellerFault("devnet_elsewhere", message, hint=hint, seller_says={"chain_url": offered.url})
    return address


def _unknown(network: str) -> SellerFault:
    message = "the seller is on a network that nobody knows"
    return SellerFault("network_unknown", message, seller_says={"network": network})
