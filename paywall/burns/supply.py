"""Minting the custodial supply, and how it stands on chain."""

import asyncio
from dataclasses import dataclass

from paywall.burns.custody import Custody
from paywall.errors import SetupError
from shared.chain.base import Chain, ChainError

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Supply:
    """The token by the chain: minted and burned in all, and what the custodial wallet holds."""

    address: str
    token: str
    minted: int
    burned: int
    held: int
    lovelace: int


async def read_supply(custody: Custody, chain: Chain) -> Supply:
    """Errors: ChainUnavailable."""
    minted, burned = await chain.supply(custody.asset) or (0, 0)
    lovelace, held = await custody.holdings(chain)
    return Supply(custody.address, custody.asset.dotted, minted, burned, held, lovelace)


async def mint_supply(custody: Custody, chain: Chain, quantity: int, *, time_limit: float) -> str:
    """Mint the supply, once, and wait until it is on chain; the transaction's hash.

    Errors: SetupError when there is a supply already, Shortage when the wallet has no ADA.
    """
    if await chain.supply(custody.asset) is not None:
        raise SetupError("The supply was minted already; `paywall token show` tells how it stands.")
    built = await custody.sign_mint(chain, quantity)
    await chain.submit(built.raw)
    await wait_for(chain, built.id, time_limit=time_limit)
    return built.id


async def wait_for(chain: Chain, tx_hash: str, *, time_limit: float) -> None:
    """Until the transaction is in a block. Errors: SetupError when that takes longer than `time_limit` seconds."""
    try:
        async with asyncio.timeout(time_limit):
            while await chain.inclusion(tx_hash) is None:  # noqa: ASYNC110  a chain gives no event to await
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise SetupError(f"Transaction {tx_hash} is not on chain after {time_limit:.0f} s.") from error
    except ChainError as error:
        raise SetupError("The chain cannot be asked.") from error
