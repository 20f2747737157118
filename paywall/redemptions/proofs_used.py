"""A holder proof counts once, whatever becomes of its request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from paywall.database.engine import Database
from paywall.errors import PaywallError
from paywall.redemptions.holder_proofs import use_proof
from shared.tokens.dpop import HolderProof


@asynccontextmanager
async def used_up(database: Database, proof: HolderProof | None) -> AsyncIterator[None]:
    """The block uses the proof in its own transaction; a refusal, which undoes that, uses it up all the same.

    Otherwise who saw a refused request could send it again, and be heard, until the proof is too old.
    """
    try:
        yield
    except PaywallError:
        if proof is not None:
            with suppress(PaywallError):  # used already, or the storage is away: the refusal stands
                await database.transact(lambda tx: use_proof(tx, proof))
        raise
