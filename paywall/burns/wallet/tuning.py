"""What a Plutus policy is to know of the chain before it drafts: what its script uses, and where it lies."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from paywall.burns.policies import FixedPolicy, Policy
from paywall.burns.wallet.base import WalletChain
from shared.cardano.draft import Draft
from shared.cardano.policy import ExecutionUnits
from shared.chain.base import ChainUnavailable, spender_of


async def tuned(policy: Policy, chain: WalletChain, draft: Callable[[Policy], Draft]) -> Policy:
    """The policy with the units that the chain finds for a trial draft, and a fifth more.

    A draft on change that is not on the chain yet cannot be run there: then what was known stays. Errors:
    ChainUnavailable, and the draft's.
    """
    if not isinstance(policy, FixedPolicy):
        return policy
    if policy.reference is not None:
        # Another program that has our key may have spent it: a script that comes along costs a little more.
        gone = await spender_of(chain, policy.reference) is not None
        policy = replace(policy, comes_along=gone)
    trial = await asyncio.to_thread(draft, policy)
    try:
        used = await chain.evaluate(trial.unsigned)
    except ChainUnavailable:
        used = None
    return policy if used is None else replace(policy, units=_with_margin(used))


def _with_margin(used: ExecutionUnits) -> ExecutionUnits:
    return ExecutionUnits(used.memory * 6 // 5, used.steps * 6 // 5)
