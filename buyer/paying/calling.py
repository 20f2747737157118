"""How a call is paid for, as steps that whoever has the connection takes: requests to send, answers to read, work.

Asked without a payment first; a 402 is read, an option chosen, and one transaction debits, signs and stores the header
that shows it. From then on the same call sends that header and no other, in this process or the next, until it is
answered or the payment can never land. What two callers ask at the same time in the same words is one call.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Self

import httpx

from buyer.budget import Budget
from buyer.errors import PaymentRefused, SellerFault, StillPending, UsageError
from buyer.payers import registry
from buyer.payers.base import Payer, Submits
from buyer.paying import answers, calls, left
from buyer.paying.ack import offered
from buyer.paying.ack.by_receipt import ByReceipt
from buyer.paying.ack.paying_ack import PayingAck
from buyer.paying.by_credit import ByCredit
from buyer.paying.calls import Header
from buyer.paying.capped import cap
from buyer.paying.offers import CallOffer
from buyer.paying.signing import ChosenCall, Signing
from buyer.paying.steps import FIRST_POLL, Pause, ReadWhole, Steps, heard
from buyer.paying.whole import when_read
from buyer.purchase import machine
from buyer.purchase import store as purchase_store
from buyer.purchase.machine import Fate
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.seller.http import Reply
from buyer.seller.origin import seller_origin
from buyer.seller.patience import LONGEST_POLL, Backoff
from buyer.seller.session import Context, Session
from buyer.wallet import chains
from buyer.wallet.chains import OfferedChain
from buyer.wallet.file import Wallet
from shared.chain.base import Chain


class Calling:
    """Pays for calls from one wallet within one budget. `wait` (seconds) bounds how long one is asked again.

    `by` is the only dialect to pay in (`offers.DIALECTS`); None for any.
    """

    def __init__(
        self, wallet: Wallet, budget: Budget, context: Context, *, wait: float, by: str | None = None
    ) -> None:
        self._wallet = wallet
        self._budget = budget
        self._context = context
        self._wait = wait
        self._by = by
        self._by_credit = ByCredit(wallet, context, wait=wait)
        self._by_receipt = ByReceipt(wallet, context, self._receipt, wait=wait)
        self._ack = PayingAck(wallet, budget, context, wait=wait)

    def steps(self, request: httpx.Request) -> Steps:
        """The call and its payment; `request` is read whole. The last request's answer is the caller's."""
        kind = kind_of(request)
        held = self._wallet.read(lambda db: calls.under_way(db, kind))
        if held is not None:
            self._context.say("this call is paid for already: the same payment is shown again")
            if (yield from self._shown(request, *held, taken_up=True)):
                return
        if held is None and (yield from self._by_credit.steps(request, kind)):
            return
        response = yield request
        if response.status_code != answers.PAYMENT_REQUIRED:
            return
        if response.request.url != request.url:
            hint = "Nothing was paid. Ask for the address that it redirects to."
            message = "the 402 is of another address than the one that was asked"
            raise PaymentRefused("redirected", message, hint=hint)
        offer = offered.read(
            Reply(response.status_code, response.headers, (yield ReadWhole(cap(response)))),
            response.headers,
            kind.origin,
            now=self._context.now(),
            # What its caller authorises himself by is not taken away from him.
            own_authorization="authorization" in request.headers,
            by=self._by,
        )
        purchase, header = yield self._sign(kind, offer, request.url.path)
        yield from self._shown(request, purchase, header, taken_up=False)

    async def rehearse(self, kind: PurchaseKind, offer: CallOffer, path: str) -> tuple[ChosenCall, bool]:
        """How an offer would be paid, and whether the owner would be asked first; nothing is signed or stored."""
        async with _Rail(self._wallet, self._context, kind.origin) as rail:
            signing = Signing(self._wallet, self._budget, self._context, kind.origin)
            chosen = await self._choose(signing, rail, offer, path)
            asks = signing.rehearse(chosen)
            await signing.draft(chosen)
        return chosen, asks

    async def _sign(self, kind: PurchaseKind, offer: CallOffer, path: str) -> tuple[Purchase, Header]:
        async with _Rail(self._wallet, self._context, kind.origin) as rail:
            signing = Signing(self._wallet, self._budget, self._context, kind.origin)
            chosen = await self._choose(signing, rail, offer, path)
            signed = await signing.sign(kind, chosen)
        option = chosen.option
        self._context.say(f"pay {chosen.cost.money} to {option.option.recipient} by {option.dialect}")
        return signed

    async def _choose(self, signing: Signing, rail: "_Rail", offer: CallOffer, path: str) -> ChosenCall:
        """In ACK-Pay where nothing else of the offer can be paid."""
        try:
            return signing.choose(offer, rail.payers())
        except PaymentRefused as refused:
            if offer.ack is None or refused.code not in {"no_payable_offer", "no_payer"}:
                raise
        return await self._ack.choose(offer.ack, path, rail.open)

    def _shown(self, request: httpx.Request, purchase: Purchase, header: Header, *, taken_up: bool) -> Steps:
        """As `_show`, or by the receipt that it brings."""
        show = self._by_receipt.steps if calls.is_receipts(header) else self._show
        return (yield from show(request, purchase, header, taken_up=taken_up))

    async def _receipt(self, purchase: Purchase) -> Header:
        async with _Rail(self._wallet, self._context, purchase.kind.origin) as rail:
            return await self._ack.receipt(purchase, rail.open)

    def _show(self, request: httpx.Request, purchase: Purchase, header: Header, *, taken_up: bool) -> Steps:
        """Show the payment until there is an answer; False when a payment `taken_up` is dead, and its header gone."""
        polls, until = Backoff(FIRST_POLL, LONGEST_POLL), self._context.now() + self._wait
        request.headers[header[0]] = header[1]
        while True:
            response = yield request
            reply = yield from heard(response)
            match answers.judge(reply):
                case "taken":
                    if response.status_code in answers.SUCCESS:
                        when_read(response, lambda reply=reply: self._note_answer(purchase, reply))  # type: ignore[misc]  # a default
                    else:
                        self._note_answer(purchase, reply)
                    return True
                case "silent":
                    return True
                case "redirected":
                    message = "the seller answers a payment with a redirect, which is never followed"
                    raise SellerFault("redirected", message, hint=_KEPT)
                case "pending":
                    if self._context.now() >= until:
                        raise StillPending(
                            "payment_pending", f"no answer after {self._wait:.0f} s", hint=_KEPT
                        )
                    yield Pause(polls.pause(reply.retry_after))
                case "refused":
                    yield self._after_refusal(purchase, reply, taken_up=taken_up)
                    del request.headers[header[0]]
                    return False

    def _note_answer(self, purchase: Purchase, reply: Reply) -> None:
        receipt, now = answers.receipt(reply), self._context.now()
        credits = answers.credits_left(reply)

        def note(db: Any) -> None:
            _answered(db, purchase, receipt, now)
            if receipt is not None and credits:
                left.keep(db, purchase.kind, receipt, credits, expires_at=answers.ends(receipt))

        self._wallet.transact(note)

    async def _after_refusal(self, purchase: Purchase, reply: Reply, *, taken_up: bool) -> None:
        """Give up a payment that is dead; every other no is the caller's to hear. Never paid again by itself."""
        assert purchase.expires_at is not None
        async with _Rail(self._wallet, self._context, purchase.kind.origin) as rail:
            fate: Fate = await rail.payer_of(purchase).fate(purchase.draft)
        event = machine.refusal(fate, expires_at=purchase.expires_at, now=self._context.now())
        if event == "unanswered":
            message = f"the seller has payment {purchase.external_id} and asks for another"
            raise SellerFault("paid_without_answer", message, hint=_KEPT, seller_says=reply.problem())
        if event == "refused":
            raise PaymentRefused(
                "payment_refused", "the seller refused the payment", hint=_KEPT, seller_says=reply.problem()
            )
        given_back = event == "dead"
        self._wallet.transact(lambda db: purchase_store.abandon(db, purchase, given_back=given_back))
        if not taken_up:
            message = f"the payment {purchase.external_id} can never land any more"
            raise PaymentRefused("payment_dead", message, seller_says=reply.problem())
        self._context.say("the earlier payment can never land any more: asking anew")


_KEPT = (
    "The payment is kept, and nothing else is paid for this call: the same call again shows the same payment."
)


def kind_of(request: httpx.Request) -> PurchaseKind:
    """The call as the wallet knows it: method, URL and body. Errors: UsageError, for plain http to elsewhere."""
    url = request.url
    origin = seller_origin(f"{url.scheme}://{url.netloc.decode('ascii')}")
    words = f"{request.method} {url.raw_path.decode('ascii')}"
    digest = hashlib.sha256(words.encode() + b"\n" + request.content).hexdigest()
    return PurchaseKind(origin, f"call:{digest[:32]} {words[:200]}", 1)


def _answered(db: Any, purchase: Purchase, receipt: str | None, now: int) -> None:
    # Another caller of the same call may have had the answer first.
    if purchase_store.find(db, purchase.id).state == "signed":
        calls.answered(db, purchase, receipt=receipt, now=now)


class _Rail:
    """The wallet's payer and its chain, while they are needed."""

    def __init__(self, wallet: Wallet, context: Context, origin: str) -> None:
        self._wallet = wallet
        self._context = context
        self._session = Session(origin, wallet, context)
        self._chain: Chain | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.aclose()
        if self._chain is not None:
            await self._chain.aclose()

    def payers(self) -> Sequence[Payer]:
        """Those that show what they have signed, and leave it to the seller to bring it about.

        An account's own come first: whoever sets one up wants it used. Errors: PaymentRefused when there is none.
        """
        every = registry.of_any_make(self._wallet, self._context, self.open)
        found = [payer for payer in every if not isinstance(payer, Submits)]
        if not found:
            raise PaymentRefused("no_payer", f"nobody pays from a wallet of {self._wallet.network}")
        return found

    def payer_of(self, purchase: Purchase) -> Payer:
        """Who signed its payment. Errors: UsageError when he is not there any more."""
        found = next((one for one in self.payers() if one.id == purchase.payer), None)
        if found is None:
            message = f"this call was paid from {purchase.payer}, which is not set up any more"
            raise UsageError("payer_missing", message, hint="Set the variables that it was set up by.")
        return found

    async def open(self) -> Chain:
        """The chain of the wallet's network."""
        environment = self._session.environment
        if chains.is_sellers_alone(self._wallet.network, environment):
            return await self._session.chain()
        if self._chain is None:
            offered = OfferedChain(self._wallet.network, None, self._session.origin)
            self._chain = chains.connect(offered, environment)
        return self._chain
