"""Binds dialects to HTTP. To add a dialect is to hand its codec to the composition."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.clock import Clock
from paywall.errors import BadRequest, ClaimInvalid, PaymentRequired
from paywall.web.pages.payment_required import MEDIA_TYPE, page
from paywall.web.problems import problem_response
from paywall.web.responses import WholeResponse, parts_response
from shared import strict_json
from shared.dialects.base import (
    CreditTerms,
    Dialect,
    Evidence,
    Offer,
    PaymentOutcome,
    Refusal,
    Response402Parts,
    StoredRequest,
    Wordings,
)
from shared.problem import Problem
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest

#: bodies that members of another dialect may be added to
JSON_BODIES = frozenset({"application/json", "application/problem+json"})


class PaymentDialects:
    """Every dialect that this seller speaks, as responses to requests."""

    def __init__(
        self,
        dialects: Sequence[Dialect],
        clock: Clock,
        called: Callable[[Request], str],
        worded: Callable[[PaymentRequest], Wordings],
    ) -> None:
        """The first one's body goes to whoever asks for none of the others'.

        `called` gives the URL of a request, `worded` the options of a payment request in the dialects' own words.
        """
        self._dialects = tuple(dialects)
        self._clock = clock
        self._called = called
        self._worded = worded

    def challenge(
        self,
        request: Request,
        asked: StoredRequest,
        problem: Problem | None = None,
        credit: CreditTerms | None = None,
    ) -> WholeResponse:
        """Every 402 with a PRT to pay: the headers of all dialects, and the body of the one that `Accept` asks for."""
        offer = self._offer(request, asked, problem, credit)
        parts = [dialect.challenge(offer) for dialect in self._dialects]
        accepted = request.headers.get("accept", "")
        chosen = parts[0]
        for part in parts[:0:-1] if accepted else ():
            if part.media_type in accepted:
                chosen = part
        if chosen is parts[0] and MEDIA_TYPE in accepted:
            parts.append(chosen := page(offer))  # a browser's: nothing that it names is for programs
        elif chosen is parts[0] and chosen.media_type not in accepted and any(part.members for part in parts):
            # Clients of x402's first version read JSON, and ask for nothing.
            chosen = next((part for part in parts if part.media_type in JSON_BODIES), chosen)
        response = parts_response(_joined(chosen, parts))
        for part in parts:
            if part is not chosen:
                response.append(part.headers)
        return response

    async def on_unpaid(self, request: Request, error: Exception) -> Response:
        """Starlette's handler for what is refused until it is paid."""
        assert isinstance(error, PaymentRequired)
        if error.to_pay is None:
            return problem_response(error)
        return self.challenge(request, error.to_pay, error.problem(), error.credit)

    def _offer(
        self,
        request: Request,
        asked: StoredRequest,
        problem: Problem | None,
        credit: CreditTerms | None = None,
    ) -> Offer:
        return Offer(
            asked.token,
            asked.request,
            problem,
            self._called(request),
            self._worded(asked.request),
            request.headers.get("accept-payment", ""),
            None if credit is None else replace(credit, method=request.method),
            request.method,
        )

    def read_payment(self, request: Request, body: Mapping[str, Any]) -> tuple[Dialect, Evidence]:
        """The evidence in a request, and the dialect it came in. Errors: ClaimInvalid, BadRequest for none."""
        found = self.shown(request, body)
        if found is None:
            raise BadRequest("`payload` must be a string.")
        return found

    def shown(self, request: Request, body: Mapping[str, Any]) -> tuple[Dialect, Evidence] | None:
        """The same; None for none. An empty body is for who pays where he asked, in a header. Errors: ClaimInvalid."""
        for dialect in self._dialects:
            try:
                evidence = dialect.read_payment(request.headers, body, now=self._clock())
            except TokenError as error:
                raise ClaimInvalid(f"The claim does not hold: {error}.") from error
            if evidence is not None:
                return dialect, evidence
        return None

    def answer(
        self, request: Request, dialect: Dialect, outcome: PaymentOutcome, shown: Evidence
    ) -> WholeResponse:
        """In the payer's own dialect."""
        if isinstance(outcome, Refusal) and outcome.to_pay is not None:
            asked = self._offer(request, outcome.to_pay, outcome.problem)
            outcome = replace(outcome, to_pay=asked)
        return parts_response(dialect.answer(outcome, shown))


def _joined(chosen: Response402Parts, parts: Sequence[Response402Parts]) -> Response402Parts:
    """The body that is sent, with the members of those who have no body of their own."""
    others = [part.members for part in parts if part.members is not None and part is not chosen]
    if not others or chosen.media_type not in JSON_BODIES:
        return chosen
    # Each is a JSON object in compact form, and none names what another does.
    added = b"".join(b"," + strict_json.dumps(members()).encode()[1:-1] for members in others)
    return chosen._replace(body=lambda: chosen.body()[:-1] + added + b"}")
