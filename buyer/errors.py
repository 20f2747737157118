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

from typing import ClassVar


def nothing(_: object) -> None:
    """Listens to nobody: what `say`, `trace` and `look` are when nobody wants to hear."""


class BuyerError(Exception):
    """A failure with a stable `code`, the process's exit code, and a `hint`: what to do next."""

    exit_code: ClassVar[int] = 5

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


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
