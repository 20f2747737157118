"""Whether a receipt was revoked, by the signed status list that it names. What cannot be told is never "good"."""

import re
from dataclasses import dataclass
from typing import Literal

from buyer.errors import BuyerError, SellerFault
from buyer.purchase.receipts import HeldReceipt
from buyer.seller.http import SellerHttp
from buyer.seller.origin import is_on_this_machine, seller_origin
from buyer.seller.session import Session
from shared.text import clean
from shared.tokens import receipt as receipt_token
from shared.tokens import status_list
from shared.tokens.jws import TokenError
from shared.tokens.status_list import MAX_LIST_BYTES, ListedStatus

_HTTPS = re.compile(r"(https://[^/?#]+)/")


@dataclass(frozen=True, slots=True)
class ReceiptStanding:
    """`unlisted`: its issuer says nowhere whether it was revoked. `unknown`: nobody can tell just now, and `why`."""

    state: Literal["good", "revoked", "unlisted", "unknown"]
    why: str = ""


async def look(session: Session, held: HeldReceipt) -> ReceiptStanding:
    """Of a receipt of the session's seller: asks its list, wherever the seller has it."""
    now = session.context.now()
    try:
        seller = await session.seller()
        found = receipt_token.verify(held.token, {seller.did: seller.keys}, now=min(now, held.expires_at - 1))
        if found.status is None:
            return ReceiptStanding("unlisted")
        document = await _fetch(session, found.status)
        revoked = status_list.is_revoked(document, found.status, seller.did, seller.keys, now=now)
    except TokenError as error:
        return ReceiptStanding("unknown", clean(error))
    except BuyerError as error:
        return ReceiptStanding("unknown", str(error))
    return ReceiptStanding("revoked" if revoked else "good")


async def _fetch(session: Session, status: ListedStatus) -> dict[str, object]:
    """The document at the list's URL, which is a stranger's. Errors: BuyerError."""
    own = status.url.startswith(f"{session.origin}/")
    http = session.http if own else SellerHttp(_elsewhere(status.url), trace=session.context.trace)
    path = status.url.removeprefix(http.origin)
    try:
        reply = await http.send("GET", path, cap=MAX_LIST_BYTES)
    finally:
        if not own:
            await http.aclose()
    if not reply.ok:
        raise SellerFault("status_list_missing", f"its status list is not there (status {reply.status})")
    return reply.json()


def _elsewhere(url: str) -> str:
    """The origin of a list that is not at the seller's own: by https, and on no machine that a seller may not name."""
    found = _HTTPS.match(url)
    origin = seller_origin(found[1]) if found is not None else ""
    # Not spelled as we spell it, the rest would be no path.
    if not origin or is_on_this_machine(origin) or not url.startswith(f"{origin}/"):
        raise SellerFault("status_list_foreign", "its status list is at an address that is not asked")
    return origin
