"""A call that is repeated with the receipt of its payment, until it has its answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from buyer.errors import PaymentRefused, SellerFault, StillPending
from buyer.paying import answers, calls, left
from buyer.paying.calls import Header
from buyer.paying.steps import FIRST_POLL, Pause, Steps, heard
from buyer.paying.whole import when_read
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase
from buyer.seller.http import Reply
from buyer.seller.patience import LONGEST_POLL, Backoff
from buyer.seller.session import Context
from buyer.wallet.file import Wallet
from shared.tokens import jws

BringsReceipt = Callable[[Purchase], Awaitable[Header]]


class ByReceipt:
    """Shows receipts. `wait` (seconds) bounds how long one call is asked again; `bring` gets a receipt that is due."""

    def __init__(self, wallet: Wallet, context: Context, bring: BringsReceipt, *, wait: float) -> None:
        self._wallet = wallet
        self._context = context
        self._bring = bring
        self._wait = wait

    def steps(self, request: httpx.Request, purchase: Purchase, header: Header, *, taken_up: bool) -> Steps:
        """The call; False where a payment that was `taken_up` is dead.

        Its key is the purchase's: no copy of the call uses a second credit. Errors: SellerFault, StillPending, those
        of a purchase.
        """
        if "authorization" in request.headers:
            hint = "Without it, the same call is answered."
            message = "this call is paid for by a receipt, which goes where its own Authorization is"
            raise PaymentRefused("authorization_taken", message, hint=hint)
        if not header[1]:
            try:
                header = yield self._bring(purchase)
            except PaymentRefused as refused:
                if refused.code == "payment_dead" and taken_up:
                    return False
                raise
        request.headers[header[0]] = header[1]
        request.headers.setdefault("Idempotency-Key", purchase.id)
        request.extensions["shows_receipt"] = True
        yield from self._show(request, purchase, header)
        return True

    def _show(self, request: httpx.Request, purchase: Purchase, header: Header) -> Steps:
        polls, until = Backoff(FIRST_POLL, LONGEST_POLL), self._context.now() + self._wait
        while True:
            response = yield request
            reply = yield from heard(response)
            _check(reply, purchase)
            match answers.judge_use(reply):
                case "used":
                    when_read(response, lambda reply=reply: self._note(purchase, header, reply))  # type: ignore[misc]  # a default
                    return
                case "refused":
                    return  # its caller hears why; the receipt is kept for the same call
                case "pending":
                    if self._context.now() >= until:
                        raise StillPending("use_pending", f"no answer after {self._wait:.0f} s", hint=_KEPT)
                    yield Pause(polls.pause(reply.retry_after))

    def _note(self, purchase: Purchase, header: Header, reply: Reply) -> None:
        receipt, now = header[1].removeprefix("Bearer "), self._context.now()
        credits = answers.credits_left(reply)
        if credits is None:
            # Of what it was good for, an answer that is no success has taken nothing.
            credits = 0 if reply.status in answers.SUCCESS else _granted(purchase)

        def note(db: Any) -> None:
            # Another caller of the same call may have had the answer first.
            if purchase_store.find(db, purchase.id).state == "signed":
                calls.answered(db, purchase, receipt=receipt, now=now)
                left.keep(db, purchase.kind, receipt, credits, expires_at=answers.ends(receipt))

        self._wallet.transact(note)


_KEPT = (
    "The receipt is kept, and nothing else is paid for this call: the same call again shows the same receipt."
)


def _check(reply: Reply, purchase: Purchase) -> None:
    """SellerFault for what no receipt follows, and for a seller that wants to be paid twice."""
    if reply.redirects:
        message = "the seller answers a receipt with a redirect, which is never followed"
        raise SellerFault("redirected", message, hint=_KEPT)
    if reply.status == answers.PAYMENT_REQUIRED:
        message = f"the seller gave a receipt for {purchase.external_id} and asks for another payment"
        raise SellerFault("paid_without_answer", message, hint=_KEPT, seller_says=reply.problem())


def _granted(purchase: Purchase) -> int:
    order = jws.unverified(purchase.payment_request_token or "")[1].get("order")
    return int(order["credits"]) if isinstance(order, dict) else 1
