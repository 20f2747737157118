"""Asking for a payment request, and judging it: the steps of a purchase that cannot cost anything yet."""

from buyer.budget import Budget
from buyer.purchase import choice
from buyer.purchase import store as purchase_store
from buyer.purchase.choice import AvailablePayers, ChosenOption
from buyer.purchase.record import Purchase
from buyer.seller import checks, dialect, trace
from buyer.seller.checks import Expected
from buyer.seller.session import Session
from shared.tokens.prt import PaymentRequest


class Ordering:
    """Brings a purchase from wanted to requested, and chooses the option to pay."""

    def __init__(self, session: Session, budget: Budget, payers: AvailablePayers) -> None:
        self._session = session
        self._wallet = session.wallet
        self._budget = budget
        self._payers = payers

    async def request(self, purchase: Purchase) -> Purchase:
        """wanted → requested: a 402 whose payment request says what was ordered, at the listed price."""
        expected = await self._expected(purchase)
        spent = self._wallet.transact(lambda db: purchase_store.spent(db, like=expected.price))
        self._budget.check(expected.price, spent)
        token = await self._order(purchase)
        request = checks.check(token, expected, now=self._session.context.now())
        choice.choose(request, expected, await self._payers.every())
        return self._wallet.transact(lambda db: purchase_store.store_request(db, purchase, token, request))

    async def recheck(self, purchase: Purchase) -> tuple[PaymentRequest, ChosenOption]:
        """The stored payment request, judged again just before it is paid, and how it is to be paid."""
        assert purchase.payment_request_token is not None
        expected = await self._expected(purchase)
        request = checks.check(purchase.payment_request_token, expected, now=self._session.context.now())
        return request, choice.choose(request, expected, await self._payers.every())

    async def _order(self, purchase: Purchase) -> str:
        """The payment request token of a fresh 402."""
        path = (await self._session.seller()).catalog.buy_path(purchase.kind.product)
        order = {"credits": purchase.kind.credits, "holder": self._wallet.did}
        return dialect.challenge(await self._session.http.send("POST", path, body=order, explain=trace.asked))

    async def _expected(self, purchase: Purchase) -> Expected:
        seller, kind = await self._session.seller(), purchase.kind
        return Expected(
            origin=self._session.origin,
            seller=seller.did,
            keys=seller.keys,
            product=kind.product,
            credits=kind.credits,
            holder=self._wallet.did,
            token=seller.catalog.token,
            price=seller.catalog.price(kind.product, kind.credits),
            first_price=purchase.price,
            budget=self._budget,
        )
