"""Which account a receipt's credits stand on, and whose they are: pure."""

from dataclasses import dataclass
from typing import Literal

#: in the place of the payment that was undone, where the operator revoked an account: no payment restores it
BY_OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Owner:
    """`name` is the holder's DID or a user account's id; a bearer's credits belong to whoever shows the receipt."""

    kind: Literal["holder", "bearer", "user"]
    name: str | None

    @classmethod
    def of_receipt(cls, holder: str | None) -> "Owner":
        """`holder` is the DID that the receipt is bound to, if any."""
        return cls("bearer", None) if holder is None else cls("holder", holder)


def account_of(receipt_id: str) -> str:
    """The id of the credit account that a receipt opened: the receipt's own (its jti, a urn:uuid).

    So a receipt finds its credits without a look-up, and cannot open two accounts: the key is taken.
    """
    return receipt_id


def receipt_of(account_id: str) -> str:
    """The id of the receipt that opened the account: the other way round."""
    return account_id
