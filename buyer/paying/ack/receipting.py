"""From a signed payment of an ACK payment request to its receipt, by the steps of a purchase.

signed → (told to pay, where the payer moves the money himself) → claimed → the receipt is stored, to be shown
"""

import asyncio
from collections.abc import Mapping, Sequence

from buyer.budget import Budget
from buyer.errors import PaymentRefused, SellerFault, StillPending
from buyer.payers.base import Payer
from buyer.paying import calls
from buyer.paying.ack import ack_asked, judging
from buyer.paying.ack.ack_asked import AckAsked
from buyer.paying.calls import Header
from buyer.purchase import store as purchase_store
from buyer.purchase.paying import Paying
from buyer.purchase.purchasing import purchase_work
from buyer.purchase.record import Purchase
from buyer.purchase.submission.submitting import Submitting
from buyer.seller import identity
from buyer.seller.http import SellerHttp
from buyer.seller.session import Session
from buyer.wallet import lease
from shared.keys import PublicKey
from shared.tokens import plain_receipt
from shared.tokens.jws import TokenError
from shared.tokens.plain_receipt import PlainReceipt
from shared.tokens.prt import PaymentOption

#: the member of evidence that is a receipt already
RECEIPT = "receipt"


class GivenPayers:
    """The `AvailablePayers` of one call."""

    def __init__(self, payers: Sequence[Payer]) -> None:
        self._payers = payers

    async def every(self) -> Sequence[Payer]:
        return self._payers

    async def named(self, payer_id: str) -> Payer | None:
        return next((payer for payer in self._payers if payer.id == payer_id), None)


class Receipting:
    """Gets the receipt of one `purchase`. `session` is at its seller's seat; `wait` (seconds) bounds it."""

    def __init__(self, session: Session, purchase: Purchase, payers: Sequence[Payer], *, wait: float) -> None:
        assert purchase.payment_request_token is not None
        self._session = session
        self._wallet = session.wallet
        self._purchase = purchase
        self._wait = wait
        given = GivenPayers(payers)
        self._asked = ack_asked.read(purchase.payment_request_token, purchase.kind.origin)
        self._option = _option(self._asked, purchase)
        self._submitting = Submitting(session, given)
        self._given = given

    async def header(self) -> Header:
        """What shows the receipt. One process at a time pays; each of them finds the same.

        Errors: PaymentRefused `payment_dead`, and those of a purchase; StillPending.
        """
        kind, say = self._purchase.kind, self._session.context.say
        async with lease.held(purchase_work(self._session, kind), wait=self._wait, say=say):
            try:
                async with asyncio.timeout(self._wait):
                    return await self._brought()
            except TimeoutError as error:
                hint = "The payment is kept, and no other is made: the same call again goes on from there."
                message = f"no receipt after {self._wait:.0f} s"
                raise StillPending("payment_pending", message, hint=hint) from error

    async def _brought(self) -> Header:
        # As it is now that nobody else is at it.
        name = self._purchase.id
        purchase = self._wallet.read(lambda db: purchase_store.find(db, name))
        while not (found := self._wallet.read(lambda db: calls.header(db, name)) or calls.AWAITED)[1]:
            purchase = await self._submitting.bring(purchase)
            shown = None if purchase.state == "abandoned" else purchase.evidence.payload.get(RECEIPT)
            if isinstance(shown, str):
                purchase = await self._take(purchase, shown)
            elif purchase.state != "abandoned":
                purchase = await self._paying().claim(purchase)
            if purchase.state == "abandoned":
                message = f"the payment {purchase.external_id} can never land any more"
                raise PaymentRefused("payment_dead", message)
        return found

    def _paying(self) -> Paying:
        price = self._purchase.price
        assert price is not None
        place = judging.place(self._asked, self._option)
        return Paying(self._session, Budget(price), self._given, take=self._take, place=place)

    async def _take(self, purchase: Purchase, token: str) -> Purchase:
        """A receipt that does not hold is not shown: the purchase stays signed."""
        try:
            issuers = await self._issuers(purchase, token)
            found = plain_receipt.verify(token, issuers, now=self._session.context.now())
        except TokenError as error:
            raise SellerFault(
                "receipt_invalid", f"the receipt does not hold: {error}", hint=_hint(purchase)
            ) from error
        self._check(purchase, found)
        self._wallet.transact(lambda db: calls.receipted(db, purchase, token))
        return purchase

    async def _issuers(self, purchase: Purchase, token: str) -> Mapping[str, Sequence[PublicKey]]:
        """Who may issue it: the seller; or, where an account elsewhere paid, whom the option names, or that service."""
        if RECEIPT not in purchase.evidence.payload:
            issuer = self._asked.request.issuer
            keys = await identity.keys_of(issuer, self._session.http)
            self._session.recognise(issuer, keys)
            return {issuer: keys}
        named, issuer = self._option.receipt_service or "", plain_receipt.issuer_of(token)
        if named.startswith("did:") and issuer != named:
            raise TokenError("untrusted_issuer", "the receipt is not from who the payment option names")
        http = SellerHttp((self._option.payment_service or "").rstrip("/"), trace=self._session.context.trace)
        try:
            return {issuer: await identity.keys_of(issuer, http)}
        finally:
            await http.aclose()

    def _check(self, purchase: Purchase, found: PlainReceipt) -> None:
        here, elsewhere = self._wallet.did, RECEIPT in purchase.evidence.payload
        ours = elsewhere or found.payer == here
        bought = (found.request.name, found.option_id)
        if not ours or found.bound or bought != (self._asked.request.name, purchase.option_id):
            message = "the receipt is for another payment, or another payer"
            raise SellerFault("receipt_foreign", message, hint=_hint(purchase))


def _option(found: AckAsked, purchase: Purchase) -> PaymentOption:
    return next(option for option in found.request.options if option.id == purchase.option_id)


def _hint(purchase: Purchase) -> str:
    return f"The payment is {purchase.external_id}. Show it to the seller; no more will be paid."
