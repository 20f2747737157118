"""The port of the rails: quote, check without effects, settle; and what only some rails can do besides.

A rail is a room of its own, `paywall/rails/<name>/`, with a function `open_rail` in its `opening.py`. Every
room is put through `tests/contract/test_rails.py`, which finds it by itself and asks for its recorded exchange.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

from paywall.keys.signers.base import Signer
from paywall.settings import Settings
from shared.dialects.base import ChargeTerms, Evidence, ExactTerms, StoredRequest
from shared.money import Money
from shared.tokens.prt import PaymentOption

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"


@dataclass(frozen=True, slots=True)
class RailContext:
    """What a rail's room may use to open its rail.

    Its own settings are `settings.room(…)`; `clock` gives Unix seconds; `open_key` gives a key of the data
    directory by its name, made there when there is none. `asked` is to be called before each question to an outside
    service: it raises TooManyRequests when whoever asks us has made us ask too often.
    """

    settings: Settings
    clock: Callable[[], int]
    open_key: Callable[[str], Signer]
    asked: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class CheckedPayment:
    """What evidence proves, after a check that changed nothing.

    `external_id` is the rail's own id of the payment, which is claimed once. `amount` is what arrived, in the
    option's minor units. `paid_at` is when (Unix seconds), None while the money has not moved, so that refusing
    costs the payer nothing. `owners` are the DIDs of the keys whose
    money it was, as far as they signed: of a public payment anybody may be a signer. `state` is the rail's
    own document, stored with the payment and read by nobody else. `spends` names what can be spent once: it is
    promised to one payment at a time.
    """

    external_id: str
    amount: int
    paid_at: int | None
    owners: frozenset[str]
    state: Mapping[str, JSON]
    spends: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A stored payment, as much of it as a rail needs.

    `claimed_at` is in Unix seconds. `first`: nobody tried to settle it before; only then does a refusal prove
    that it was not taken.
    """

    id: str
    external_id: str
    option_id: str
    payer: str
    state: Mapping[str, JSON]
    first: bool
    claimed_at: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The money is here for good. `paid_at` is when it moved (Unix seconds).

    `metadata` is what the receipt says of it besides `receipt_metadata`: what was not known when it was claimed.
    """

    paid_at: int
    confirmations: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pending:
    """Not final, or not known: ask again. Never answered with a fresh 402."""

    confirmations: int
    required: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The payment did not happen and can no longer happen by itself. `reason` is for the payer."""

    reason: str


RailOutcome = Settled | Pending | Failed


class Rail(Protocol):
    """One way of being paid."""

    @property
    def id(self) -> str:
        """Names the rail in PAYWALL_RAILS and its option in a PRT."""

    def quote(self, price: Money) -> PaymentOption:
        """The payment option for a price as it is now; it may move with a live rate. Nothing is asked or changed."""

    def describe(self) -> Mapping[str, JSON]:
        """The rail's entry in the catalog."""

    def external_id(self, evidence: Evidence) -> str:
        """The rail's own id of the payment, in one spelling alone; pure. Errors: ClaimInvalid."""

    async def check(self, request: StoredRequest, evidence: Evidence) -> CheckedPayment:
        """What the evidence proves of an option of the request. Changes nothing, here or outside.

        Errors: PaymentMismatch (another asset, address, network or request), PaymentPending (not to be seen
        yet), PaymentRequestExpired (and no money has moved), ClaimInvalid (not readable), Unavailable.
        """

    async def settle(self, payment: StoredPayment) -> RailOutcome:
        """Bring the payment about or look whether it is final. Safe to repeat, with the same outcome."""

    def receipt_metadata(self, payment: StoredPayment) -> Mapping[str, str]:
        """What the receipt says of the payment, such as its network and its id there; pure."""

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a payer needs beyond the option: a hosted page's URL, a client secret, an unsigned transaction.

    `payload` is for the payer's side of the rail to read; `expires_at` is in Unix seconds.
    """

    option_id: str
    payload: Mapping[str, str]
    expires_at: int | None = None


@runtime_checkable
class Hosted(Protocol):
    """The ability of a rail whose payer needs instructions first, such as a hosted page's URL."""

    async def prepare(self, request: StoredRequest) -> Instructions:
        """Idempotent by the request's id, as far as the service is: what came first is stored, and told from then on.

        Errors: Unavailable, TooManyRequests.
        """


class RailEventInvalid(ValueError):
    """A notice that the rail's service did not sign, or that nobody can read: it is refused and changes nothing."""


@dataclass(frozen=True, slots=True)
class RailEvent:
    """A verified notice about one payment. It says where to look; what holds is what `settle` then finds.

    `id` and (`kind`, `external_id`) each come once: services send a notice again, some under another id.
    """

    id: str
    kind: str
    external_id: str
    payment_request_id: str | None = None


@runtime_checkable
class Notified(Protocol):
    """The ability of a rail whose service sends notices (webhooks)."""

    def events(self, headers: Mapping[str, str], raw: bytes) -> Sequence[RailEvent]:
        """The notices in a request; header names are in lower case. Errors: RailEventInvalid."""


@runtime_checkable
class Watched(Protocol):
    """The ability of a rail whose payments can be undone after they were settled, as by a fork."""

    async def watch(self, payment: StoredPayment) -> RailOutcome:
        """How a settled payment stands: Settled for good, Pending while that may change, Failed when it is undone.

        What is not known is Pending. Safe to repeat; it may help a payment back that was undone and can return.
        """


@runtime_checkable
class Bounded(Protocol):
    """The ability of a rail that cannot be paid any small amount."""

    @property
    def least(self) -> int:
        """What it can be paid at least, in its options' minor units."""


@runtime_checkable
class PaidExactly(Protocol):
    """The ability of a rail whose options can be paid by x402's scheme `exact`."""

    def exact(self, option: PaymentOption) -> ExactTerms:
        """The option in that scheme's words; pure, and the same for the same option."""


@runtime_checkable
class Charged(Protocol):
    """The ability of a rail whose options can be paid by MPP's intent `charge`."""

    def charge(self, option: PaymentOption) -> ChargeTerms:
        """The option in that intent's words; pure, and the same for the same option."""


class RefundImpossible(Exception):
    """The money cannot be sent back by the rail, ever: a sentence for the person who is to do it."""


@dataclass(frozen=True, slots=True)
class RefundDraft:
    """Money that is ready to be sent back, and is not sent.

    `external_id` is the rail's own id of it, `amount` what will arrive, in the option's minor units; `state` and
    `spends` as of a `CheckedPayment`.
    """

    external_id: str
    amount: int
    state: Mapping[str, JSON]
    spends: frozenset[str] = frozenset()


@runtime_checkable
class Refundable(Protocol):
    """The ability of a rail to send money back to who paid. What is sent is stored first, so that it is sent once."""

    @property
    def least_refund(self) -> int:
        """What can be sent back at least, in its options' minor units."""

    async def draft_refund(
        self, payment: StoredPayment, amount: int, key: str, held: frozenset[str]
    ) -> RefundDraft:
        """How `amount`, less what the network takes, goes back. Nothing is sent. It spends nothing that is `held`.

        The same key names the same try to send it. Errors: RefundImpossible, Unavailable.
        """

    async def refund(self, draft: StoredPayment) -> RailOutcome:
        """Send what was drafted, or look what became of it. Safe to repeat.

        Settled: it has arrived for good. Failed: it never can. Unknown is Pending.
        """
