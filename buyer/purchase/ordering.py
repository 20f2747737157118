"""Asking for a payment request, and judging it: the steps of a purchase that cannot cost anything yet."""

import sqlite3

from buyer.budget import Budget
from buyer.limits import WantedSpending
from buyer.purchase import allowance, choice
from buyer.purchase import store as purchase_store
from buyer.purchase.allowance import Approval
from buyer.purchase.choice import AvailablePayers, ChosenOption
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.seller import checks, dialect, trace
from buyer.seller.checks import Expected
from buyer.seller.session import Session
from shared.money import Money
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
        expected = await self._expected(purchase.kind, purchase.price)
        # Before the order: what may not be paid is not even asked for.
        self._allow(purchase.kind, WantedSpending(expected.origin, expected.price))
        token, request, _ = await self._offer(purchase.kind, expected)
        return self._wallet.transact(lambda db: purchase_store.store_request(db, purchase, token, request))

    async def recheck(self, purchase: Purchase) -> tuple[PaymentRequest, ChosenOption]:
        """The stored payment request, judged again just before it is paid, and how it is to be paid."""
        assert purchase.payment_request_token is not None
        expected = await self._expected(purchase.kind, purchase.price)
        request = checks.check(purchase.payment_request_token, expected, now=self._session.context.now())
        chosen = choice.choose(request, expected, await self._payers.every())
        # Again, and with what it really costs; the transaction that signs has the last word.
        option = chosen.option
        wanted = WantedSpending(expected.origin, chosen.cost.money, option.network, option.currency)
        self._allow(purchase.kind, wanted)
        return request, chosen

    async def rehearse(self, kind: PurchaseKind) -> tuple[str, PaymentRequest, ChosenOption]:
        """The token of what would be paid for an order, and how; nothing is stored, no approval asked for."""
        expected, now = await self._expected(kind, None), self._session.context.now()
        token, request, chosen = await self._offer(kind, expected)
        option = chosen.option
        wanted = WantedSpending(expected.origin, chosen.cost.money, option.network, option.currency)
        self._wallet.transact(lambda db: allowance.check(db, wanted, self._budget, now=now))
        return token, request, chosen

    def _allow(self, kind: PurchaseKind, wanted: WantedSpending) -> None:
        """OverBudget, or ApprovalNeeded once it is noted for the owner what he is to approve."""
        new_id, now = self._session.new_id()[-12:], self._session.context.now()

        def look(db: sqlite3.Connection) -> Approval | None:
            allowance.check(db, wanted, self._budget, now=now)
            return allowance.lacking(db, kind, wanted.money, new_id=new_id, now=now)

        approval = self._wallet.transact(look)
        if approval is not None:
            raise allowance.refusal(approval)

    async def _offer(
        self, kind: PurchaseKind, expected: Expected
    ) -> tuple[str, PaymentRequest, ChosenOption]:
        """A fresh payment request for an order, judged, and how it would be paid."""
        token = await self._order(kind)
        request = checks.check(token, expected, now=self._session.context.now())
        return token, request, choice.choose(request, expected, await self._payers.every())

    async def _order(self, kind: PurchaseKind) -> str:
        """The payment request token of a fresh 402."""
        path = (await self._session.seller()).catalog.buy_path(kind.product)
        order = {"credits": kind.credits, "holder": self._wallet.did}
        return dialect.challenge(await self._session.http.send("POST", path, body=order, explain=trace.asked))

    async def _expected(self, kind: PurchaseKind, first_price: Money | None) -> Expected:
        seller = await self._session.seller()
        return Expected(
            origin=self._session.origin,
            seller=seller.did,
            keys=seller.keys,
            product=kind.product,
            credits=kind.credits,
            holder=self._wallet.did,
            token=seller.catalog.token,
            price=seller.catalog.price(kind.product, kind.credits),
            first_price=first_price,
            budget=self._budget,
            limits=self._session.limits,
        )
