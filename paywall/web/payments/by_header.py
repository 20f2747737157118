"""Who pays where he asked: the payment stands in a header of the request for what it pays (x402, MPP)."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

from starlette.requests import Request

from paywall.clock import new_id
from paywall.errors import PaywallError
from paywall.limits.limiter import RateLimiter, asking
from paywall.limits.settings import CLAIMS
from paywall.payments.naming import Naming
from paywall.payments.settlement import Settlement
from paywall.web.credentials import idempotency_key
from paywall.web.payments.dialects import PaymentDialects
from paywall.web.problems import ACK, refusal_of
from paywall.web.responses import WholeResponse, parts_response
from shared.dialects.base import Dialect, Evidence, HeaderLines, Paid
from shared.tokens.prt import Order


class Appendable(Protocol):
    """A response that takes more header lines."""

    status_code: int

    def append(self, lines: HeaderLines) -> None: ...


#: answers that wait at once, in all and for one client: a payment of his own costs him nothing while it is not final
WAITING, WAITING_EACH = 128, 32
#: of an Idempotency-Key that nobody guesses: it alone names a payment again that everybody can read
SECRET_KEY = 16
Appended = TypeVar("Appended", bound=Appendable)


class ShownPayment(NamedTuple):
    """A payment as it was read, and the dialect it came in."""

    dialect: Dialect
    evidence: Evidence


class PaymentsByHeader:
    """Reads them, brings them to their end, and answers in their own dialect."""

    #: how long an answer waits for a payment to become final, and for a use that another copy of it began
    patience = 20.0

    def __init__(
        self, dialects: PaymentDialects, settlement: Settlement, naming: Naming, limiter: RateLimiter
    ) -> None:
        self._dialects = dialects
        self._settlement = settlement
        self._naming = naming
        self._limiter = limiter
        self._waiting: Counter[str] = Counter()

    def read(self, request: Request) -> ShownPayment | None:
        """Errors: ClaimInvalid."""
        found = self._dialects.shown(request, {})
        return None if found is None else ShownPayment(*found)

    async def settle(
        self, request: Request, payment: ShownPayment, order: Callable[[], Order], *, for_use: bool = False
    ) -> Paid | WholeResponse:
        """Paid; or what is to be answered instead, where it is refused or not final yet.

        `order` is what the call asks for, read where the payment does not say what it pays; `for_use` as of
        `Selling.sell`.
        Errors: BadRequest, NotJson.
        """
        key = idempotency_key(request)
        evidence = payment.evidence
        if key is not None and not evidence.identifier:
            evidence = replace(evidence, identifier=f"key {key}")  # of x402's none has a space
        ordered = order() if names_nothing(evidence) else None
        try:
            await self._limiter.take(CLAIMS)  # its signatures and the chain are looked at, as for any claim
            if ordered is not None:
                showing = key if key is not None and len(key) >= SECRET_KEY else new_id()
                evidence = await self._naming.named(evidence, ordered, showing, for_use=for_use)
            with self._wait() as seconds:
                outcome = await self._settlement.pay(evidence, patience=seconds)
        except PaywallError as error:
            return self._dialects.answer(request, payment.dialect, refusal_of(error), payment.evidence)
        if isinstance(outcome, Paid):
            return outcome
        return self._dialects.answer(request, payment.dialect, outcome, payment.evidence)

    @contextmanager
    def _wait(self) -> Iterator[float]:
        """For how long; not at all where too many do: they are told to send the payment again."""
        client = asking.get()
        who = "" if client is None else client.network
        if self._waiting[who] >= WAITING_EACH or self._waiting.total() >= WAITING:
            yield 0.0
            return
        self._waiting[who] += 1
        try:
            yield self.patience
        finally:
            self._waiting[who] -= 1
            if not self._waiting[who]:
                del self._waiting[who]

    def answer(self, request: Request, payment: ShownPayment, paid: Paid) -> WholeResponse:
        """The receipt."""
        return self._dialects.answer(request, payment.dialect, paid, payment.evidence)

    def left(self, payment: ShownPayment, paid: Paid, error: PaywallError) -> WholeResponse:
        """Why what was paid for is not delivered, and the receipt, which is good for it later."""
        refusal = refusal_of(error)
        extra = {**refusal.problem.extra, "receipt": paid.receipt}
        told = replace(refusal, problem=replace(refusal.problem, extra=extra))
        return self.beside(payment, paid, parts_response(ACK.answer(told, None)))

    def beside(self, payment: ShownPayment, paid: Paid, answer: Appended) -> Appended:
        """What was paid for, with the receipt in the dialect's own header."""
        answer.append(payment.dialect.beside(paid, payment.evidence, answer.status_code))
        return answer


def names_nothing(evidence: Evidence) -> bool:
    """Whether it says by no word which payment request it pays."""
    return not (evidence.payment_request_token or evidence.reference)
