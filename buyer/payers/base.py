"""The port of the payers: what a purchase needs from one way of paying.

A payer prepares a payment without moving money. The signed bytes are stored in the wallet and handed to the
seller with the claim; the seller is the one who brings them about.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.keys import SigningKey
from shared.tokens.prt import PaymentOption

Fate = Literal["landed", "possible", "impossible"]


class PaymentDraft(Protocol):
    """A payment that lacks only its signature. `inputs` are the outputs that it spends."""

    @property
    def tx_hash(self) -> str: ...

    @property
    def inputs(self) -> tuple[tuple[str, int], ...]: ...

    @property
    def expiry_slot(self) -> int: ...

    def sign(self, key: SigningKey) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """What is to be paid: `token` is the payment request's, `deadline` (Unix seconds) ends its life."""

    token: str
    option: PaymentOption
    deadline: int


class Payer(Protocol):
    async def draft(self, terms: PaymentTerms, *, taken: Collection[tuple[str, int]]) -> PaymentDraft:
        """A payment of exactly the option, landing by the deadline or never, that spends none of `taken`.

        Errors: PaymentRefused `funds_short`; SellerUnreachable when the chain does not answer.
        """

    async def fate(self, tx_hash: str, expiry_slot: int) -> Fate:
        """What has become of signed bytes. Only `impossible` allows paying for the same thing again."""

    async def aclose(self) -> None: ...
