"""A call that is paid for by credits an earlier call of the same path left over: no payment is made for it."""

from typing import Any

import httpx

from buyer.errors import StillPending
from buyer.paying import answers, left
from buyer.paying.left import CallByCredit
from buyer.paying.steps import FIRST_POLL, Pause, Steps, heard
from buyer.paying.whole import when_read
from buyer.purchase.record import PurchaseKind
from buyer.seller.http import Reply
from buyer.seller.patience import LONGEST_POLL, Backoff
from buyer.seller.session import Context, Session
from buyer.wallet.file import Wallet

#: headers by which a caller shows something of his own
_OWN = frozenset({"authorization", "idempotency-key"})


class ByCredit:
    """Uses what is left. `wait` (seconds) bounds how long one call is asked again."""

    def __init__(self, wallet: Wallet, context: Context, *, wait: float) -> None:
        self._wallet = wallet
        self._context = context
        self._wait = wait

    def steps(self, request: httpx.Request, kind: PurchaseKind) -> Steps:
        """The call; False where nothing is left, or the seller takes it no more.

        Errors: StillPending; the same call again is sent under the same key.
        """
        new_key, now = Session.new_id(), self._context.now()
        if _OWN & request.headers.keys():
            return False
        used = self._wallet.transact(lambda db: left.begin(db, kind, new_key=new_key, now=now))
        if used is None:
            return False
        request.headers["Authorization"] = f"Bearer {used.receipt}"
        request.headers["Idempotency-Key"] = used.idempotency_key
        request.extensions["shows_receipt"] = True
        polls = Backoff(FIRST_POLL, LONGEST_POLL)
        while True:
            response = yield request
            reply = yield from heard(response)
            match answers.judge_use(reply):
                case "used":
                    # A body that breaks off is an answer that was lost: it is asked for again.
                    when_read(response, lambda reply=reply: self._note(used, reply))  # type: ignore[misc]  # a default
                    return True
                case "pending":
                    if self._context.now() >= now + self._wait:
                        raise StillPending("use_pending", f"no answer after {self._wait:.0f} s", hint=_AGAIN)
                    yield Pause(polls.pause(reply.retry_after))
                case "refused":
                    self._wallet.transact(lambda db: left.answered(db, used, 0))
                    for name in _OWN:
                        request.headers.pop(name, None)
                    del request.extensions["shows_receipt"]
                    return False

    def _note(self, used: CallByCredit, reply: Reply) -> None:
        credits = answers.credits_left(reply)

        def note(db: Any) -> None:
            left.answered(db, used, credits)

        self._wallet.transact(note)


_AGAIN = "No credit is used twice: the same call again is sent under the same key."
