"""Opens the rail `usdc` with what the settings say."""

from paywall.errors import SetupError
from paywall.rails.base import RailContext
from paywall.rails.usdc.cdp_key import CdpKey, CdpKeyInvalid
from paywall.rails.usdc.facilitator import Facilitator
from paywall.rails.usdc.settings import UsdcSettings
from paywall.rails.usdc.usdc_option import UsdcTerms
from paywall.rails.usdc.usdc_rail import UsdcRail
from paywall.rails.usdc.usdc_sending_back import RefundingUsdcRail, refunding_account
from shared.chain.evm_chain import EvmChain
from shared.evm.evm_tokens import KNOWN


def open_rail(context: RailContext) -> UsdcRail:
    """Errors: SetupError."""
    own = context.settings.room(UsdcSettings)
    for value, variable, what in (
        (own.usdc_address, "PAYWALL_USDC_ADDRESS", "the address that payments go to"),
        (own.facilitator_url, "PAYWALL_USDC_FACILITATOR_URL", "whose facilitator settles them"),
        (own.usdc_rpc_url, "PAYWALL_USDC_RPC_URL", "the JSON-RPC service that tells what became of them"),
    ):
        if not value:
            raise SetupError(f"The rail usdc needs {variable}: {what}.")
    if own.token is None:
        raise SetupError(
            "PAYWALL_USDC_ASSET, PAYWALL_USDC_NAME and PAYWALL_USDC_VERSION are set together; they may be left out "
            f"on {' and '.join(KNOWN)} alone."
        )
    terms = UsdcTerms(own.usdc_network, own.token, own.usdc_address, own.usdc_confirmations)
    facilitator = Facilitator(own.facilitator_url, _key(own, context), own.usdc_seconds)
    chain = EvmChain(own.usdc_rpc_url, own.token.address, context.asked)
    if own.usdc_refund_key:
        account = refunding_account(own.usdc_refund_key, own.usdc_address)
        return RefundingUsdcRail(terms, facilitator, chain, context.clock, account)
    return UsdcRail(terms, facilitator, chain, context.clock)


def _key(own: UsdcSettings, context: RailContext) -> CdpKey | None:
    """Errors: SetupError."""
    if not (own.cdp_api_key_id or own.cdp_api_key_secret):
        return None
    if not (own.cdp_api_key_id and own.cdp_api_key_secret):
        raise SetupError("CDP_API_KEY_ID and CDP_API_KEY_SECRET are set together, or not at all.")
    try:
        return CdpKey(own.cdp_api_key_id, own.cdp_api_key_secret, context.clock)
    except CdpKeyInvalid as error:
        raise SetupError(
            "CDP_API_KEY_SECRET is neither the base64 of an Ed25519 key pair nor a P-256 key as PEM."
        ) from error
