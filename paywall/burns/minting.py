"""Minting the supply under the policy that the settings choose."""

from paywall.burns import policy_file
from paywall.burns.custody import Custody
from paywall.burns.supply import mint_fixed_supply, mint_supply
from paywall.settings import Settings
from shared.chain.base import Chain


async def mint(
    settings: Settings, custody: Custody, chain: Chain, quantity: int, *, time_limit: float
) -> str:
    """Mint, once, and wait until it is on chain; the transaction's hash.

    Errors: SetupError when there is a supply already, Shortage when the wallet has no ADA, ChainError.
    """
    if settings.policy == "native":
        return await mint_supply(custody, chain, quantity, time_limit=time_limit)
    file = settings.folder / policy_file.NAME
    return await mint_fixed_supply(custody, chain, quantity, file, time_limit=time_limit)
