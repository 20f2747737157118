"""Payments that the payer makes himself: told to once, and never again while nobody knows what came of it.

    transaction: the debit; the evidence has no payload yet
    transaction: begun
    network:     submit
    transaction: what came of it, and the evidence

A crash behind `begun` leaves the price set aside and the payment unknown, for a person to look at.
"""

from buyer.errors import PaymentRefused, SellerUnreachable, StillPending, UsageError
from buyer.payers.base import Submits
from buyer.purchase.choice import AvailablePayers
from buyer.purchase.machine import SHORTEST_LIFE
from buyer.purchase.record import Purchase
from buyer.purchase.submission import store
from buyer.seller.session import Session


class Submitting:
    """Brings signed purchases to evidence that can be shown."""

    def __init__(self, session: Session, payers: AvailablePayers) -> None:
        self._wallet = session.wallet
        self._context = session.context
        self._payers = payers

    async def bring(self, purchase: Purchase) -> Purchase:
        """With evidence that shows something, or abandoned where nothing was paid in time.

        Errors: StillPending `payment_unknown` when nobody knows whether it was paid; PaymentRefused, SellerUnreachable
        and UsageError, and nothing was paid.
        """
        if purchase.evidence.payload:
            return purchase
        if store.is_begun(purchase):
            raise _unknown(purchase)
        assert purchase.expires_at is not None
        late = self._context.now() >= purchase.expires_at - SHORTEST_LIFE
        if late or purchase.state == "released":
            self._context.say("it was not paid, and is not any more: its price is free again")
            return self._wallet.transact(lambda db: store.give_up(db, purchase))
        payer = await self._payers.named(purchase.payer or "")
        if not isinstance(payer, Submits):
            message = f"the payer {purchase.payer} is not set up, and nothing was paid by it yet"
            raise UsageError("payer_missing", message, hint="Set the variables that it was set up by.")
        return await self._submit(purchase, payer)

    async def _submit(self, purchase: Purchase, payer: Submits) -> Purchase:
        begun = self._wallet.transact(lambda db: store.begin(db, purchase, self._context.now()))
        try:
            paid = await payer.submit(purchase.draft)
        except SellerUnreachable:
            self._wallet.transact(lambda db: store.undo(db, begun))
            raise
        except PaymentRefused:
            self._wallet.transact(lambda db: store.give_up(db, begun))
            raise
        except StillPending as error:
            raise _unknown(begun) from error
        shown = payer.sign(paid)
        return self._wallet.transact(lambda db: store.done(db, begun, paid, shown))


def _unknown(purchase: Purchase) -> StillPending:
    hint = (
        "It is not paid again by itself, and its price stays counted as spent. This is for the person who owns the"
        f" account: where it was not paid there, `buyer purchases release {purchase.id}` makes room to buy anew."
    )
    message = f"whether the payment {purchase.external_id} was made is not known: its answer was lost"
    return StillPending("payment_unknown", message, hint=hint)
