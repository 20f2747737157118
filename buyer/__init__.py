"""The buyer agent: checks a price against its budget, pays, keeps receipts, uses them, and verifies the burns.

What a program needs is imported from here, when it is first named: `from buyer import Budget, BuyerClient, Wallet`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buyer.auth import PaymentAuth as PaymentAuth
    from buyer.budget import Budget as Budget
    from buyer.client import BuyerClient as BuyerClient
    from buyer.errors import BuyerError as BuyerError
    from buyer.payers.base import Cost as Cost
    from buyer.payers.base import Payer as Payer
    from buyer.payers.base import PaymentDraft as PaymentDraft
    from buyer.payers.base import PaymentTerms as PaymentTerms
    from buyer.wallet.file import Wallet as Wallet
    from shared.dialects.base import Evidence as Evidence
    from shared.tokens.prt import PaymentOption as PaymentOption

_HOMES = {
    "Budget": "buyer.budget",
    "BuyerClient": "buyer.client",
    "BuyerError": "buyer.errors",
    "Cost": "buyer.payers.base",
    "Evidence": "shared.dialects.base",
    "Payer": "buyer.payers.base",
    "PaymentAuth": "buyer.auth",
    "PaymentDraft": "buyer.payers.base",
    "PaymentOption": "shared.tokens.prt",
    "PaymentTerms": "buyer.payers.base",
    "Wallet": "buyer.wallet.file",
}
__all__ = [*_HOMES]  # noqa: PLE0604  the names of the table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'buyer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
