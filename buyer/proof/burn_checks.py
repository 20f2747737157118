"""The checks of a burn against the chain: its place in the sum tree, and what the transaction burned. Pure.

They are docs/proof.md's steps 3 to 6, and all that a stranger can check.
"""

from dataclasses import dataclass

from buyer.proof.redemption import Burn
from buyer.proof.report import CheckOutcome, ProofCheck, say
from shared import merkle
from shared.cardano.assets import Asset
from shared.cardano.metadata import SUM_TREE, BatchCommitment, read_burn
from shared.cardano.read.transaction import ParsedTransaction, TransactionError, parse
from shared.merkle import SumNode


@dataclass(frozen=True, slots=True)
class ChainEvidence:
    """What the chain says: the transaction's bytes, None when it is not there; and how deep it lies."""

    raw: bytes | None
    confirmations: int
    required: int


def check_version(burn: Burn) -> ProofCheck:
    """A plain tree's leaf bound nobody. Were it let pass, every liar would say that his burn is an old one."""
    return say("version", ok=burn.version == SUM_TREE, detail=f"{burn.version}; {SUM_TREE} binds the holder")


def check_chain(burn: Burn, leaf: SumNode | None, token: Asset, evidence: ChainEvidence) -> list[ProofCheck]:
    """The path from `leaf` to the root, and the transaction; `token` is what was promised to be burned."""
    checks = [_check_path(burn, leaf)]
    if evidence.raw is None:
        # A fresh burn may be a block away, or rolled back for a while; a confirmed one has no such excuse.
        outcome: CheckOutcome = "broken" if burn.state == "confirmed" else "pending"
        return [*checks, ProofCheck("transaction", outcome, f"{burn.tx_hash} is not on the chain")]
    try:
        transaction = parse(evidence.raw)
    except TransactionError as error:
        return [*checks, ProofCheck("transaction", "broken", str(error))]
    return [*checks, *_check_transaction(transaction, burn, token), _check_depth(evidence)]


def _check_path(burn: Burn, leaf: SumNode | None) -> ProofCheck:
    if (
        leaf is None
        or burn.leaf_index is None
        or burn.tree_size is None
        or burn.path is None
        or burn.root is None
    ):
        return ProofCheck("merkle_proof", "broken", "the seller left out a part of the proof")
    ok = merkle.verify(leaf, burn.leaf_index, burn.tree_size, burn.path, burn.root)
    detail = f"leaf {burn.leaf_index} of {burn.tree_size}, {leaf.sum} of {burn.root.sum} tokens"
    return say("merkle_proof", ok=ok, detail=detail)


def _check_transaction(transaction: ParsedTransaction, burn: Burn, token: Asset) -> list[ProofCheck]:
    # The metadata counts only when the signed body commits to it.
    written = read_burn(transaction.metadata) if transaction.auxiliary_data_hash_ok else None
    count = None if written is None else written.count
    ours = None
    if burn.root is not None and burn.tree_size is not None:
        ours = BatchCommitment(burn.root.hash, burn.root.sum, burn.tree_size)
    burned = -transaction.mint.get(token.unit, 0)
    alone = ours is not None and dict(transaction.mint) == {token.unit: -ours.tokens}
    return [
        say("transaction", ok=transaction.id == burn.tx_hash, detail=f"its bytes hash to {transaction.id}"),
        say(
            "metadata",
            ok=ours is not None and written == ours,
            detail=f"commits to a root of {count} redemptions and its sum",
        ),
        say(
            "mint",
            ok=alone,
            detail=f"burns {burned} of the promised token; the root's sum is {ours and ours.tokens}",
        ),
    ]


def _check_depth(evidence: ChainEvidence) -> ProofCheck:
    outcome: CheckOutcome = "holds" if evidence.confirmations >= evidence.required else "pending"
    return ProofCheck(
        "confirmations", outcome, f"{evidence.confirmations}, this buyer asks for {evidence.required}"
    )
