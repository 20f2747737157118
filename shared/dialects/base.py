"""The port of the dialects: wire forms of one and the same 402, as pure codecs between values and headers and body.

A dialect knows no route, no clock and no database: what it needs is an argument, and `paywall/web/payments/dialects.py`
binds it to HTTP. The same values go out in every dialect, and evidence that came in one looks like evidence
that came in another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from shared.problem import Problem
from shared.tokens.prt import PaymentRequest

#: names and values, in order: a name may stand more than once (WWW-Authenticate has a line a method)
HeaderLines = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A payment request that its seller signed and stored, and its token to the letter."""

    token: str
    request: PaymentRequest

    @property
    def reference(self) -> str:
        """Its id and its token's signature, with a dot between: a name that is known to those who were asked."""
        return f"{self.request.id}.{self.token.rpartition('.')[2]}"


@dataclass(frozen=True, slots=True)
class ExactTerms:
    """A payment option in the words of x402's scheme `exact`.

    `network` is a CAIP-2 id, `amount` counts the asset's smallest unit, `extra` is the network's own, of JSON values.
    """

    option_id: str
    network: str
    asset: str
    amount: int
    pay_to: str
    extra: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """A payment option in the words of MPP's intent `charge`.

    `method` is registered there, `currency` and `details` (JSON values, the network among them) are the method's own,
    `amount` counts the currency's smallest unit.
    """

    option_id: str
    method: str
    currency: str
    amount: int
    recipient: str
    details: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class CreditTerms:
    """What a use costs who has credits already: so many of `product`, by a request of this `method`."""

    product: str
    credits: int
    method: str = ""


class Wordings(NamedTuple):
    """The options of a payment request in the words of those dialects that have own ones for them."""

    exact: tuple[ExactTerms, ...] = ()
    charges: tuple[ChargeTerms, ...] = ()


NO_WORDINGS = Wordings()


@dataclass(frozen=True, slots=True)
class Offer(StoredRequest):
    """What a 402 asks to be paid. `problem` says why, None where somebody asked to buy.

    `url` is the one that was called, `method` HTTP's, and `accept_payment` MPP's header, empty where there is none.
    `credit` is there where a use was asked for.
    """

    problem: Problem | None = None
    url: str = ""
    wordings: Wordings = NO_WORDINGS
    accept_payment: str = ""
    credit: CreditTerms | None = None
    method: str = ""


class Accepted(NamedTuple):
    """What a payer says that he was asked for: the amount in the smallest unit, and to whom."""

    amount: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `payer` (a DID) shows for having paid an option of a payment request on `network`.

    A dialect that gives back no token leaves it empty and names the request by `reference`, its id and the token's
    signature with a dot between: who has not seen the token cannot. One whose payers sign nothing but the payment
    leaves `payer` empty. One that gives back nothing at all leaves the option empty too, and `payments/naming.py` finds
    or makes what is paid.

    `payload` is for the option's rail alone to read, which names its members: texts, and bytes where a signed
    payment is handed over for the rail to submit. `showing` names this one showing of it, where the payer signs it:
    the same words, shown again by whoever saw them, have it too, and what he signs anew has another. `accepted` is
    there in dialects that give back what was asked; `method` is MPP's word for the way of paying.
    `identifier` is the payer's own name for what he wants to pay once: another payment under it is refused.
    """

    payment_request_token: str
    option_id: str
    payer: str
    network: str
    payload: Mapping[str, str | bytes]
    showing: str = field(default="", compare=False)
    reference: str = ""
    accepted: Accepted | None = None
    method: str = ""
    identifier: str = field(default="", compare=False)


class Response402Parts(NamedTuple):
    """`body` is made when it is the one that is asked for: of all dialects' bodies only one is sent.

    `members` go into that one, where it is a JSON object of another dialect.
    """

    headers: HeaderLines
    body: Callable[[], bytes]
    media_type: str
    status: int = 402
    members: Callable[[], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """An answer to a payment: HTTP status, header lines and a body of `media_type`."""

    status: int
    headers: HeaderLines
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The payment is final. `credits` are the buckets of the account that the receipt opened.

    `external_id` names the payment: its transaction, or its id at its rail. `payer` is a DID, `settled_at` in Unix
    seconds.
    """

    payment_request_id: str
    receipt: str
    credits: Mapping[str, int]
    external_id: str
    payer: str
    settled_at: int


@dataclass(frozen=True, slots=True)
class Settling:
    """Accepted, not final. `required` counts confirmations."""

    payment_request_id: str
    external_id: str
    confirmations: int
    required: int

    def pending(self) -> Problem:
        """For dialects that answer a payment with an error while it is not final."""
        detail = (
            f"{self.confirmations} of {self.required} confirmations; send the same payment again, no other."
        )
        extra = {"payment_request_id": self.payment_request_id, "transaction": self.external_id}
        return Problem(
            409, "payment_pending", "The payment is not final yet", detail, retryable=True, extra=extra
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """`to_pay` is there when paying is the remedy; `headers` go with it in every dialect."""

    problem: Problem
    to_pay: Offer | None = None
    headers: HeaderLines = ()


PaymentOutcome = Paid | Settling | Refusal


class Dialect(Protocol):
    """One wire form."""

    @property
    def id(self) -> str: ...

    def challenge(self, offer: Offer) -> Response402Parts:
        """The 402 that asks for `offer`. Its headers go out beside those of other dialects."""

    def read_payment(
        self, headers: Mapping[str, str], body: Mapping[str, Any], *, now: int
    ) -> Evidence | None:
        """The evidence in a request, or None when it shows none in this dialect. Errors: TokenError.

        `headers` have names in lower case; `body` is a decoded JSON object, empty when there is none.
        """

    def answer(self, outcome: PaymentOutcome, shown: Evidence | None) -> AnswerParts:
        """What is answered to whoever paid in this dialect, with what he had `shown`; None when that was unreadable."""

    def beside(self, paid: Paid, shown: Evidence, status: int) -> HeaderLines:
        """The header lines of an answer of `status` that is not this dialect's own: what was paid for, or why not."""
