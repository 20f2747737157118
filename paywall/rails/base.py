"""The port of the rails: quote, check without effects, settle, look up.

A rail is one file with one class. Every rail is put through
`tests/contract/test_rails.py`, which finds it by itself and asks for its recorded exchange.
"""

from dataclasses import dataclass
from typing import Protocol

from shared.dialects.ack import PaymentClaim
from shared.money import Money
from shared.tokens.prt import PaymentOption, PaymentRequest


@dataclass(frozen=True, slots=True)
class Proof:
    """What a claim shows, after a check that changed nothing.

    `external_id` is the rail's own id of the payment; with `tx_hash` and `output_index` it is claimed once.
    `amount` is what arrived, in the option's minor units. `paid_at` is when (Unix seconds), None while the
    money has not moved, so that refusing costs the payer nothing. `signers` are the DIDs of the keys that
    signed the payment. `transaction` are the bytes that `settle` will submit.
    """

    external_id: str
    tx_hash: str | None
    output_index: int | None
    amount: int
    paid_at: int | None
    signers: frozenset[str]
    transaction: bytes | None = None
    expiry_slot: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The money is here for good. `paid_at` is when it moved (Unix seconds)."""

    paid_at: int
    confirmations: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Not final, or not known: ask again. Never answered with a fresh 402."""

    confirmations: int
    required: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The payment did not happen and can no longer happen by itself. `reason` is for the payer."""

    reason: str


Outcome = Settled | Pending | Failed


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A stored payment, as much of it as settling needs.

    `claimed_at` is in Unix seconds. `first`: nobody tried to settle it before; only then does a refusal tell
    that it was not taken.
    """

    external_id: str
    transaction: bytes | None
    expiry_slot: int | None
    first: bool
    claimed_at: int


class Rail(Protocol):
    @property
    def id(self) -> str:
        """Names the rail in PAYWALL_RAILS and its option in a PRT."""

    def quote(self, price: Money) -> PaymentOption:
        """The payment option for a price; pure."""

    def describe(self) -> dict[str, object]:
        """The rail's entry in the catalog."""

    def external_id(self, claim: PaymentClaim) -> str:
        """The rail's own id of the claimed payment; pure. Errors: ClaimInvalid."""

    async def check(
        self, request: PaymentRequest, option: PaymentOption, claim: PaymentClaim, token: str
    ) -> Proof:
        """What the claim proves. Changes nothing, here or outside.

        Errors: PaymentMismatch (another asset, address, network or request), PaymentPending (not to be seen
        yet), ClaimInvalid (not readable), Unavailable.
        """

    async def settle(self, payment: StoredPayment) -> Outcome:
        """Bring the payment about or look whether it is final. Safe to repeat, with the same outcome."""

    async def aclose(self) -> None: ...
