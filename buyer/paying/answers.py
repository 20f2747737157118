"""What an answer to a shown payment says of the payment: taken, not final yet, refused, or nothing. Pure."""

from typing import Literal

from buyer.seller.http import Reply
from shared.dialects import mpp_client, x402_client
from shared.dialects.x402 import PENDING
from shared.dialects.x402_client import X402Settled
from shared.dialects.x402_headers import RESPONSE
from shared.tokens import jws
from shared.tokens.jws import TokenError

CallVerdict = Literal["taken", "pending", "refused", "redirected", "silent"]

PAYMENT_REQUIRED, TOO_MANY, TOO_EARLY, TIMED_OUT = 402, 429, 425, 408
UNAUTHORIZED, FORBIDDEN, UNAVAILABLE = 401, 403, 503
MOST_DIGITS = 15
SUCCESS, REDIRECTS, FAILURES = range(200, 300), range(300, 400), range(500, 600)
#: problems that mean: ask again with the same payment
STILL = frozenset({"payment_pending", PENDING})
#: what is paid for is being made, for this call or another copy of it
MAKING = "redemption_in_progress"


def judge(reply: Reply) -> CallVerdict:
    """`silent`: an answer that is about the request, and says nothing of its payment."""
    settled = _settled(reply)
    if reply.problem().code == MAKING:
        return "pending"
    if reply.status in SUCCESS or (settled is not None and settled.success) or _receipt(reply):
        return "taken"
    if reply.status in REDIRECTS:
        return "redirected"
    if reply.status in FAILURES or reply.status in {TOO_MANY, TOO_EARLY, TIMED_OUT} or _still(reply, settled):
        return "pending"
    return "refused" if reply.status == PAYMENT_REQUIRED else "silent"


def receipt(reply: Reply) -> str | None:
    """The seller's receipt that came with an answer, as it came: whoever uses it verifies it."""
    settled = _settled(reply)
    found = settled.receipt if settled is not None else (_receipt(reply) or {}).get("receipt")
    return found if isinstance(found, str) else None


def judge_use(reply: Reply) -> Literal["used", "pending", "refused"]:
    """What an answer to a call that credits pay for says of them. `used`: it is the call's own answer.

    Of a refusal of the receipt nothing was taken.
    """
    if reply.status in {UNAUTHORIZED, FORBIDDEN, PAYMENT_REQUIRED}:
        return "refused"
    busy = reply.status in {TOO_MANY, TOO_EARLY, TIMED_OUT, UNAVAILABLE}
    return "pending" if busy or reply.problem().code == MAKING else "used"


def credits_left(reply: Reply) -> int | None:
    """What the seller says is left of the receipt; None where it says nothing."""
    said = reply.headers.get("Credits-Remaining", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) <= MOST_DIGITS else None


def ends(receipt: str) -> int:
    """When a receipt expires, in Unix seconds; 0 for what is none."""
    try:
        said = jws.read(receipt).payload.get("exp")
    except TokenError:
        return 0
    return said if isinstance(said, int) else 0


def _still(reply: Reply, settled: X402Settled | None) -> bool:
    return (settled is not None and settled.reason in STILL) or reply.problem().code in STILL


def _settled(reply: Reply) -> X402Settled | None:
    for name in (RESPONSE, x402_client.RESPONSE_V1):
        if (header := reply.headers.get(name)) is not None:
            try:
                return x402_client.read_settled(header)
            except TokenError:
                return None  # junk says nothing
    return None


def _receipt(reply: Reply) -> dict[str, object] | None:
    header = reply.headers.get("Payment-Receipt")
    if header is None:
        return None
    try:
        return dict(mpp_client.read_receipt(header))
    except TokenError:
        return None
