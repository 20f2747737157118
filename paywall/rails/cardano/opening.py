"""Opens the rail `cardano` with what the settings say."""

from paywall.errors import SetupError
from paywall.rails.base import RailContext
from paywall.rails.cardano.option import CardanoTerms
from paywall.rails.cardano.rail import CardanoRail
from paywall.rails.cardano.sending_back import RefundingCardanoRail
from paywall.rails.cardano.settings import CardanoSettings
from shared.cardano.addresses import InvalidAddressError, check_address, enterprise_address
from shared.chain.blockfrost import Blockfrost


def open_rail(context: RailContext) -> CardanoRail:
    """Errors: SetupError."""
    settings = context.settings
    own = settings.room(CardanoSettings)
    terms = CardanoTerms(
        settings.chain_network,
        _recipient(context),
        own.ada_price,
        settings.required_confirmations,
        settings.required_final_depth,
    )
    chain = Blockfrost(settings.chain_url, settings.blockfrost_project_id, asked=context.asked)
    if own.cardano_address:
        return CardanoRail(terms, chain, context.clock)  # its key is elsewhere
    return RefundingCardanoRail(terms, chain, context.clock, context.open_key("treasury"))


def _recipient(context: RailContext) -> str:
    """Where payments go: never the custodial wallet, which burns and does nothing else. Errors: SetupError."""
    settings = context.settings
    address = settings.room(CardanoSettings).cardano_address
    if not address:
        if settings.network == "mainnet":
            raise SetupError(
                "On mainnet PAYWALL_CARDANO_ADDRESS must say where payments go: an address whose key is elsewhere."
            )
        return enterprise_address(context.open_key("treasury").public, settings.chain_network)
    try:
        check_address(address, settings.chain_network)
    except InvalidAddressError as error:
        raise SetupError(
            f"PAYWALL_CARDANO_ADDRESS is no address of {settings.chain_network}: {error}."
        ) from error
    return address
