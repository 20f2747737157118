"""What a 402 asks in ACK-Pay: a payment request token, read for its form. Pure; `judging.py` verifies it."""

from dataclasses import dataclass

from shared import keys
from shared.keys import InvalidKeyError
from shared.tokens import jws, plain_request
from shared.tokens.plain_request import PlainRequest

#: the claims that tell a paywall's payment request from others'
ORDER = "order"


@dataclass(frozen=True, slots=True)
class AckAsked:
    """`seat` is the URL of who issued it, as far as it is the origin that was asked. `ordered`: it sells credits."""

    token: str
    request: PlainRequest
    seat: str
    ordered: bool


def read(token: str, origin: str) -> AckAsked:
    """Errors: TokenError."""
    request = plain_request.read(token)
    return AckAsked(token, request, _seat(request.issuer, origin), ORDER in jws.unverified(token)[1])


def _seat(issuer: str, origin: str) -> str:
    """A did:web of this host may have a path: there its seller is mounted."""
    try:
        here = keys.did_web(origin)
    except InvalidKeyError:
        return origin  # no did:web names it, and whoever says so is refused where keys are looked for
    below = issuer.removeprefix(f"{here}:")
    return origin if below == issuer else "/".join((origin, *below.split(":")))
