"""All that a 402 asks: what stands in x402 and MPP, and the payment request in its body beside them."""

from dataclasses import replace

from buyer.paying import offers
from buyer.paying.ack import ack_asked
from buyer.paying.offers import CallOffer
from buyer.seller import dialect
from buyer.seller.http import Reply
from shared.text import clean
from shared.tokens.jws import TokenError

ACK = "ack"


def read(
    reply: Reply, lines: offers.Lines, origin: str, *, now: int, own_authorization: bool, by: str | None
) -> CallOffer:
    """What `reply` asks of who called `origin`; `by` leaves one dialect. Never an error, see `offers.read`.

    A receipt goes in Authorization: a call that has one of its own cannot be paid so.
    """
    offer = offers.read(lines, reply.body, now=now, own_authorization=own_authorization, by=by)
    if by not in {None, ACK}:
        return offer
    try:
        found = ack_asked.read(dialect.offered(reply), origin)
    except TokenError as error:
        # The bodies of other dialects hold none; that one is not there is news to who asked for it.
        silent = error.reason == "unknown_challenge" and by is None
        return offer if silent else _with(offer, f"ack: {error}")
    if own_authorization:
        return _with(offer, "ack: the call has an Authorization of its own")
    return replace(offer, ack=found)


def _with(offer: CallOffer, reason: str) -> CallOffer:
    return replace(offer, reasons=(*offer.reasons, clean(reason)))
