"""The port of the payers: what a purchase needs from one way of paying.

A payer prepares a payment without moving money. Draft and evidence are stored in the wallet before the seller
sees any of it; the seller is the one who brings the payment about.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from buyer.limits import SpendingLimits
from buyer.purchase.machine import Fate
from shared.chain.base import Chain
from shared.dialects.base import Evidence
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens.prt import PaymentOption, token_hash

__all__ = ["Cost", "Evidence", "Fate", "Payer", "PayerContext", "PaymentDraft", "PaymentTerms", "Submits"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What paying an option costs by the buyer's own rate, in the currency of the price: budgets count it."""

    money: Money


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Under which terms an option is paid: the payment request's `token`; `deadline` (Unix seconds) ends its life."""

    token: str
    deadline: int

    @property
    def commitment(self) -> bytes | None:
        """What the payment has to name (32 bytes), so that it pays this request and no other."""
        return token_hash(self.token)


@dataclass(frozen=True, slots=True)
class CallTerms(PaymentTerms):
    """Those of a seller of any make: `named` is None where it asks for nothing to be named."""

    named: bytes | None

    @property
    def commitment(self) -> bytes | None:
        return self.named


@dataclass(frozen=True, slots=True)
class PaymentDraft:
    """A payment that lacks only its signature.

    `external_id` is what the rail calls it (a transaction's hash): unique in the wallet. `resources` are what no
    other payment of this wallet may use (outputs, nonces), as text that only the payer reads. `document` is a
    JSON object of the payer's own: all that it needs to sign, and to tell the payment's fate years later.
    """

    payment_request_token: str
    option_id: str
    external_id: str
    resources: tuple[str, ...]
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PayerContext:
    """What `open_payer` makes a payer of: the wallet's `key` and `network`, and what is known of the seller.

    `rates` maps networks to the price of one unit of their currency, by the seller's catalog; `environment` holds
    the variables of the process; `now` gives Unix seconds, `chain` the chain of the network when it is needed.
    `believes_chain` is False where that chain is the seller's; `limits` are what the wallet's owner has set.
    `instructions` asks the seller what is needed beyond an option, by the payment request's token and the option's id;
    errors: PaymentRefused, SellerError.
    """

    key: SigningKey
    network: str
    rates: Mapping[str, Money]
    environment: Mapping[str, str]
    now: Callable[[], int]
    chain: Callable[[], Awaitable[Chain]]
    believes_chain: bool
    limits: SpendingLimits
    instructions: Callable[[str, str], Awaitable[Mapping[str, Any]]]


class Payer(Protocol):
    """One way of paying, on the buyer's side.

    A payer of the wallet's own key is a file of its own beside this one, named for what its networks begin with
    (`cardano` for cardano:devnet), with a function `open_payer(context: PayerContext) -> Payer`, and the names of
    all networks that it may pay on (`PAYS_ON`) and currencies that it may pay in (`PAYS_IN`): what owners may allow.
    One of an account elsewhere has `configured(environment) -> bool` besides: where that is true it is asked first,
    whatever the wallet's network.
    """

    @property
    def id(self) -> str:
        """Names the payer in the wallet: a stored draft is handed back to the payer of this id."""

    def pays(self, option: PaymentOption) -> bool:
        """Whether the option is of this payer's rail and network; nothing else is asked of it otherwise."""

    def judge(self, option: PaymentOption, price: Money) -> Cost:
        """What paying `option` costs, for something that is sold at `price`.

        Errors: SellerFault when the option does not hold together or asks for more than the price is worth;
        UsageError when that cannot be told.
        """

    async def prepare(
        self, option: PaymentOption, terms: PaymentTerms, *, taken: Collection[str]
    ) -> PaymentDraft:
        """A payment of exactly `option`, landing by the deadline or never, that uses none of `taken`.

        Errors: PaymentRefused `funds_short`; SellerUnreachable when the rail does not answer.
        """

    def sign(self, draft: PaymentDraft) -> Evidence:
        """Sign, without asking anybody: it runs inside the transaction that debits the price and stores both."""

    async def fate(self, draft: PaymentDraft) -> Fate:
        """What has become of a signed draft. Only `impossible` gives its cost back; `denied` counts it as lost.

        Both allow paying for the same thing again; `denied` is what is known from the seller's word alone.
        The draft is as it was stored, save for its `resources`, which are not read back.
        """


@runtime_checkable
class Submits(Payer, Protocol):
    """The ability of a payer that moves the money itself, after the debit and before the seller is shown anything.

    Its evidence has no payload until the draft says what came of it.
    """

    async def submit(self, draft: PaymentDraft) -> PaymentDraft:
        """Pay, once; the draft with what came of it, of which `sign` makes the evidence.

        Errors: SellerUnreachable when nothing was sent; PaymentRefused when it was refused and nothing has moved.
        After any other nobody knows, and it is not called again.
        """


@runtime_checkable
class RatedPayer(Protocol):
    """The ability to pay sellers that name an amount and no price."""

    def worth(self, option: PaymentOption) -> Money:
        """What `option` costs by the payer's own rate, in the currency of budgets. Errors: those of `judge`."""
