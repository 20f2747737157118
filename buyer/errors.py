"""What can go wrong for a buyer. Each class carries the exit code that scripts rely on.

BuyerError
├── WalletError          2  the wallet file: missing, readable by others, taken, busy
├── UsageError           2  what was asked for cannot be done so
├── OverBudget           3  the price is more than may be spent; nothing was signed
├── ApprovalNeeded       3  the wallet's owner wants to be asked about this price first; nothing was signed
├── PaymentRefused       4  the payment did not come about: refused by the seller or the ledger, or beyond us
├── SellerError          5
│   ├── SellerUnreachable   no connection, no answer in time, or the seller's own failure
│   ├── SellerFault         an answer that breaks the protocol, or an offer that does not hold together
│   └── StillPending        neither yes nor no within the time limit; to be asked again
└── ProofBroken          6  a burn proof was checked and does not hold
"""

from collections.abc import Mapping
from typing import ClassVar

from shared.problem import Problem
from shared.text import LONGEST_LINE, clean


def nothing(_: object) -> None:
    """Listens to nobody: what `say`, `trace` and `look` are when nobody wants to hear."""


class BuyerError(Exception):
    """A failure with a stable `code`, the process's exit code, and a `hint`: what to do next.

    Code, message and hint are our own words. What a stranger says about it stands in `seller_says` and `chain_says`
    alone, cleaned: a seller that could choose a code could pass for the wallet.
    """

    exit_code: ClassVar[int] = 5

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        seller_says: Problem | Mapping[str, object] | None = None,
        chain_says: object = "",
    ) -> None:
        super().__init__(clean(message, LONGEST_LINE))
        self.code = code
        self.hint = clean(hint, LONGEST_LINE)
        words = _words(seller_says) if isinstance(seller_says, Problem) else seller_says or {}
        self.seller_says = {name: _cleaned(value) for name, value in words.items()}
        self.chain_says = clean(chain_says)


def _words(problem: Problem) -> Mapping[str, object]:
    said = {"code": problem.code, "title": problem.title, "detail": problem.detail}
    return {"status": problem.status, **{name: words for name, words in said.items() if words}}


def _cleaned(value: object) -> int | str:
    return value if type(value) is int else clean(value)


class WalletError(BuyerError):
    exit_code = 2


class UsageError(BuyerError):
    exit_code = 2


class OverBudget(BuyerError):
    exit_code = 3


class ApprovalNeeded(BuyerError):
    exit_code = 3


class PaymentRefused(BuyerError):
    exit_code = 4


class SellerError(BuyerError):
    exit_code = 5


class SellerUnreachable(SellerError):
    pass


class SellerFault(SellerError):
    pass


class StillPending(SellerError):
    pass


class ProofBroken(BuyerError):
    exit_code = 6


def no_chain(error: Exception) -> SellerUnreachable:
    """The chain service does not answer, or not so that it could be understood."""
    hint = "What was begun is kept; run the same command again."
    message = "the chain service gives no answer that can be used"
    return SellerUnreachable("chain_unreachable", message, hint=hint, chain_says=error)
