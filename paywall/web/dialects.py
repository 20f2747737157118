"""Binds dialects to HTTP. To add a dialect is to hand its codec to the composition."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from paywall.clock import Clock
from paywall.errors import BadRequest, ClaimInvalid, PaymentRequired
from paywall.web.problems import problem_response
from paywall.web.responses import WholeResponse, parts_response
from shared.dialects.base import Dialect, Evidence, Offer, PaymentOutcome
from shared.tokens.jws import TokenError


class PaymentDialects:
    """Every dialect that this seller speaks, as responses to requests."""

    def __init__(self, dialects: Sequence[Dialect], clock: Clock) -> None:
        """The first one's body goes to whoever asks for none of the others'."""
        self._dialects = tuple(dialects)
        self._clock = clock

    def challenge(self, request: Request, offer: Offer) -> WholeResponse:
        """Every 402 with a PRT to pay: the headers of all dialects, and the body of the one that `Accept` asks for."""
        parts = [dialect.challenge(offer) for dialect in self._dialects]
        accepted = request.headers.get("accept", "")
        chosen = parts[0]
        for part in parts[:0:-1] if accepted else ():
            if part.media_type in accepted:
                chosen = part
        response = parts_response(chosen)
        for part in parts:
            if part is not chosen:
                response.append(part.headers)
        return response

    async def on_unpaid(self, request: Request, error: Exception) -> Response:
        """Starlette's handler for what is refused until it is paid."""
        assert isinstance(error, PaymentRequired)
        if error.to_pay is None:
            return problem_response(error)
        return self.challenge(request, Offer(error.to_pay.token, error.to_pay.request, error.problem()))

    def read_payment(self, request: Request, body: Mapping[str, Any]) -> tuple[Dialect, Evidence]:
        """The evidence in a request, and the dialect it came in. Errors: ClaimInvalid, BadRequest for none."""
        for dialect in self._dialects:
            try:
                evidence = dialect.read_payment(request.headers, body, now=self._clock())
            except TokenError as error:
                raise ClaimInvalid(f"The claim does not hold: {error}.") from error
            if evidence is not None:
                return dialect, evidence
        raise BadRequest("`payload` must be a string.")

    def answer(self, dialect: Dialect, outcome: PaymentOutcome) -> WholeResponse:
        """In the payer's own dialect."""
        return parts_response(dialect.answer(outcome))
