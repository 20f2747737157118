"""Which account a receipt's credits stand on, and whose they are: pure."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Owner:
    """`name` is the holder's DID or a user account's id; a bearer's credits are whoever's shows the receipt."""

    kind: Literal["holder", "bearer", "user"]
    name: str | None

    @classmethod
    def of_receipt(cls, holder: str | None) -> "Owner":
        """`holder` is the DID that the receipt is bound to, if any."""
        return cls("bearer", None) if holder is None else cls("holder", holder)


def account_of(receipt_id: str) -> str:
    """The account that a receipt opened has the receipt's id: what is shown names its credits without a look-up."""
    return receipt_id
