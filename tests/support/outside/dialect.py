"""The dialect `plain`: a 402 as one header, and payment by another."""

import json
from collections.abc import Mapping
from typing import Any

from shared.dialects.base import (
    AnswerParts,
    Evidence,
    HeaderLines,
    Offer,
    Paid,
    PaymentOutcome,
    Response402Parts,
    Settling,
)
from shared.tokens.jws import TokenError

ASK, SHOW = "plain-offer", "plain-voucher"


class PlainDialect:
    id = "plain"

    def challenge(self, offer: Offer) -> Response402Parts:
        said = f"{offer.request.price}; token={offer.token}"
        return Response402Parts(((ASK, said),), said.encode, "text/x-plain-offer")

    def read_payment(
        self, headers: Mapping[str, str], body: Mapping[str, Any], *, now: int
    ) -> Evidence | None:
        shown = headers.get(SHOW)
        if shown is None:
            return None
        parts = shown.split(" ")
        if len(parts) != 3:
            raise TokenError("malformed", "a voucher is shown as payer, code and token")
        payer, code, token = parts
        return Evidence(token, "voucher", payer, "voucher:shop", {"voucher": code})

    def answer(self, outcome: PaymentOutcome, shown: Evidence | None) -> AnswerParts:
        match outcome:
            case Paid():
                return AnswerParts(200, (), json.dumps({"ours": outcome.receipt}).encode(), "text/x-plain")
            case Settling():
                return AnswerParts(202, (), b"later", "text/x-plain")
        asking = () if outcome.to_pay is None else ((ASK, f"token={outcome.to_pay.token}"),)
        headers, said = (*outcome.headers, *asking), outcome.problem.code.encode()
        return AnswerParts(outcome.problem.status, headers, said, "text/x-plain")

    def beside(self, paid: Paid, shown: Evidence, status: int) -> HeaderLines:
        return ()
