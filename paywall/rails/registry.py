"""The rails that the settings name."""

from paywall import clock
from paywall.errors import SetupError
from paywall.keys.passphrases import Passphrases
from paywall.keys.signers.file import open_or_create
from paywall.rails.base import Rail
from paywall.settings import Settings
from shared.cardano.addresses import InvalidAddressError, check_address, enterprise_address
from shared.chain.base import Chain


def open_rails(settings: Settings, chain: Chain, passphrases: Passphrases) -> tuple[Rail, ...]:
    from paywall.rails.cardano.rail import CardanoRail, CardanoTerms

    rails: list[Rail] = []
    for name in settings.rails.split(","):
        if name.strip() != "cardano":
            raise SetupError(f"There is no rail {name.strip()!r}; PAYWALL_RAILS takes: cardano.")
        terms = CardanoTerms(
            settings.chain_network,
            treasury_address(settings, passphrases),
            settings.ada_price,
            settings.required_confirmations,
        )
        rails.append(CardanoRail(terms, chain, clock.unix_now))
    return tuple(rails)


def treasury_address(settings: Settings, passphrases: Passphrases) -> str:
    """Where payments go: never the custodial wallet, which burns and does nothing else. Errors: SetupError."""
    if not settings.cardano_address:
        if settings.network == "mainnet":
            raise SetupError(
                "On mainnet PAYWALL_CARDANO_ADDRESS must say where payments go: an address whose key is elsewhere."
            )
        treasury = open_or_create(settings.folder / "treasury.pem", passphrases.ask)
        return enterprise_address(treasury.public, settings.chain_network)
    try:
        check_address(settings.cardano_address, settings.chain_network)
    except InvalidAddressError as error:
        raise SetupError(
            f"PAYWALL_CARDANO_ADDRESS is no address of {settings.chain_network}: {error}."
        ) from error
    return settings.cardano_address
