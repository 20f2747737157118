"""A payment request of any maker, by ACK-Pay's claims alone; ours have two more, and are read by `prt.py`.

Only its form is read here: whose signature it bears is for its reader to judge, or for whoever is paid by it.
"""

from dataclasses import dataclass

from shared.tokens import fields, jws, prt
from shared.tokens.prt import PaymentOption


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """`expires_at` in Unix seconds: the earlier of what `exp` and `expiresAt` say, None where neither is there."""

    issuer: str
    id: str
    expires_at: int | None
    options: tuple[PaymentOption, ...]

    @property
    def name(self) -> str:
        """Its one name. A token's text is none: a signature by ES256K has two spellings."""
        return f"{self.issuer} {self.id}"


def read(token: str) -> PlainRequest:
    """Return what a token says, its signature unchecked. Errors: TokenError."""
    _, payload = jws.unverified(token)
    fields.refuse_audience(payload)
    request_id = fields.text(payload, "id")
    if payload.get("sub") != request_id:
        raise fields.bad("sub", "is not the payment request's id")
    ends = [fields.whole(payload, "exp")] if "exp" in payload else []
    if "expiresAt" in payload:
        ends.append(prt.seconds_of(fields.text(payload, "expiresAt")))
    return PlainRequest(
        fields.text(payload, "iss"), request_id, min(ends, default=None), prt.options_of(payload)
    )
