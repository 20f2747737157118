"""How deep the chain's blocks lie, and what can never land on it any more.

Depth is counted in blocks: a sparse fork has many slots and few blocks, and a node that is on one will leave it.
"""

from shared.chain.base import Chain, Tip


async def deep_slot(chain: Chain, tip: Tip, depth: int) -> int:
    """The slot of the newest block that is `depth` deep below `tip`, itself 1 deep; 0 when the chain has none.

    It stands whenever fewer than `depth` blocks are rolled back. Errors: ChainUnavailable.
    """
    block = await chain.block_at(max(tip.height - depth + 1, 0))
    return 0 if block is None else block.slot


async def is_past(chain: Chain, tip: Tip, expiry_slot: int, depth: int) -> bool:
    """Whether a transaction that is not on the chain of `tip` is on no fork either that takes back fewer than
    `depth` blocks: even then the newest block is past its expiry slot.

    The chain is asked only when the tip is past it. Errors: ChainUnavailable.
    """
    return tip.slot > expiry_slot and await deep_slot(chain, tip, depth) > expiry_slot
