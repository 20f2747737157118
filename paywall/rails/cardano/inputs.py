"""What a payment spends, looked up on the chain: whose it was, and whether it can still be spent.

Witnesses are no part of a transaction's id: anybody can sign a public transaction besides. So a key owns a
payment only when its hash is the payment part of a spent output's address.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Literal

from paywall.errors import PaymentMismatch, PaymentPending
from shared.cardano.addresses import InvalidAddressError, key_hash, payment_key_hash
from shared.cardano.coins import OutputReference
from shared.cardano.read.transaction import ParsedTransaction
from shared.chain.base import Chain, ChainUnavailable, MadeOutput, Tip, confirmations

#: transactions whose outputs a payment may spend before it is submitted: each is a look at the chain
MOST_PARENTS = 20
#: what became of the outputs that a transaction spends
InputsFate = Literal["open", "landed", "lost", "unknown"]


async def owners(chain: Chain, transaction: ParsedTransaction) -> frozenset[str]:
    """DIDs of the keys that signed a transaction on the chain and owned what it spent. Errors: PaymentPending."""
    ends = await chain.ends(transaction.id)
    if ends is None:
        raise PaymentPending("The transaction left the chain just now.", transaction=transaction.id)
    if ends.inputs.keys() != set(transaction.inputs):
        raise ChainUnavailable("the chain service says of a transaction that it spends something else")
    return _owners(transaction, ends.inputs.values())


async def check_spendable(chain: Chain, transaction: ParsedTransaction) -> frozenset[str] | None:
    """The same for one that nobody submitted, when it can land; None when it is on the chain already.

    Every input is there, unspent, and its owner's key signed. One that a script guards is refused: whether it
    may be spent is then not for signatures to say, and a payment needs none (x402's scheme `exact`).
    Errors: PaymentMismatch; PaymentPending for an input that is not on the chain, or not yet.
    """
    addresses, signed = [], {key_hash(key) for key in transaction.signers}
    if len({parent for parent, _ in transaction.inputs}) > MOST_PARENTS:
        raise PaymentMismatch(f"The payment spends outputs of more than {MOST_PARENTS} transactions.")
    async for reference, made in _inputs(chain, transaction.inputs):
        if made is None:
            raise PaymentPending(f"The input {_named(reference)} of the payment is not on chain.")
        if made.spent_by == transaction.id:
            return None
        if made.spent_by is not None:
            raise PaymentMismatch(f"The input {_named(reference)} is spent by another transaction.")
        # Asked of each as it comes: who names others' money costs one look.
        if _owner(made.address) not in signed:
            raise PaymentMismatch(
                "The payment must be signed by the key of each address that it spends from."
            )
        addresses.append(made.address)
    return _owners(transaction, addresses)


async def fate(
    chain: Chain, tx_hash: str, inputs: Sequence[OutputReference], tip: Tip, depth: int
) -> InputsFate:
    """What became of the inputs of a transaction that the chain service does not show.

    "landed": they were spent by it, so that it is the index that lags; "lost": one was spent by another, and
    that is `depth` blocks deep; "open": all are there to be spent.
    """
    found = [made async for _, made in _inputs(chain, inputs, all_of_them=True)]
    spenders = {made.spent_by for made in found if made is not None and made.spent_by is not None}
    if tx_hash in spenders:
        return "landed"
    for spender in sorted(spenders):
        inclusion = await chain.inclusion(spender)
        if inclusion is not None and confirmations(tip, inclusion) >= depth:
            return "lost"
    return "unknown" if spenders or None in found else "open"


async def _inputs(
    chain: Chain, references: Sequence[OutputReference], *, all_of_them: bool = False
) -> AsyncIterator[tuple[OutputReference, MadeOutput | None]]:
    """Each with the output that it names; else ends at the first that is not there: junk costs one look."""
    known: dict[str, dict[int, MadeOutput]] = {}
    for parent, index in references:
        if parent not in known:
            ends = await chain.ends(parent)
            known[parent] = {} if ends is None else dict(ends.outputs)
        made = known[parent].get(index)
        yield (parent, index), made
        if made is None and not all_of_them:
            return


def _owners(transaction: ParsedTransaction, addresses: Iterable[str]) -> frozenset[str]:
    hashes = {_owner(address) for address in addresses}
    return frozenset(key.did for key in transaction.signers if key_hash(key) in hashes)


def _owner(address: str) -> bytes | None:
    """The hash of the key that spends from it; None where a script does, or a key of Byron's."""
    try:
        return payment_key_hash(address)
    except InvalidAddressError:
        return None


def _named(reference: OutputReference) -> str:
    return f"{reference[0]}#{reference[1]}"
