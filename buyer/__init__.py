"""The buyer agent: checks a price against its budget, pays, keeps receipts, uses them, and verifies the burns.

What a program needs is imported from here, when it is first named: `from buyer import Budget, BuyerClient, Wallet`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buyer.budget import Budget as Budget
    from buyer.client import BuyerClient as BuyerClient
    from buyer.errors import BuyerError as BuyerError
    from buyer.wallet.file import Wallet as Wallet

_HOMES = {
    "Budget": "buyer.budget",
    "BuyerClient": "buyer.client",
    "BuyerError": "buyer.errors",
    "Wallet": "buyer.wallet.file",
}
__all__ = ["Budget", "BuyerClient", "BuyerError", "Wallet"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'buyer' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
