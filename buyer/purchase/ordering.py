"""Asking for a payment request, and judging it: the steps of a purchase that cannot cost anything yet."""

from buyer.budget import Budget
from buyer.errors import SellerFault, UsageError
from buyer.purchase import store as purchase_store
from buyer.purchase.store import Purchase
from buyer.seller import checks, trace
from buyer.seller.checks import AcceptedOffer, Expected
from buyer.seller.http import refusal
from buyer.seller.session import Session
from shared.dialects import ack
from shared.money import Money, MoneyError
from shared.tokens.jws import TokenError

BUY_PATH = "/api/images/buy"
PAYMENT_REQUIRED = 402


class Ordering:
    def __init__(self, session: Session, budget: Budget) -> None:
        self._session = session
        self._wallet = session.wallet
        self._budget = budget

    async def request(self, purchase: Purchase) -> Purchase:
        """wanted → requested: a 402 whose payment request says what was ordered, at the listed price."""
        expected = await self._expected(purchase)
        spent = self._wallet.transact(lambda db: purchase_store.spent(db, like=expected.price))
        self._budget.check(expected.price, spent)
        order = {"credits": purchase.kind.credits, "holder": self._wallet.did}
        reply = await self._session.http.send("POST", BUY_PATH, body=order, explain=trace.asked)
        if reply.status != PAYMENT_REQUIRED:
            if not reply.refuses:
                raise SellerFault(
                    "no_payment_request", f"an order was answered with {reply.status} and not with 402"
                )
            raise refusal(reply)
        try:
            token = ack.read_challenge(reply.body, reply.content_type)
        except TokenError as error:
            raise SellerFault(
                "payment_request_invalid", f"the 402 holds no payment request: {error}"
            ) from error
        offer = checks.check(token, expected, now=self._session.context.now())
        return self._wallet.transact(lambda db: purchase_store.store_request(db, purchase, offer))

    async def recheck(self, purchase: Purchase) -> AcceptedOffer | None:
        """The stored offer, judged again just before it is paid; None when it has too little time left."""
        assert purchase.payment_request_token is not None
        assert purchase.expires_at is not None
        now = self._session.context.now()
        if purchase.expires_at < now + checks.SHORTEST_LIFE:
            return None
        return checks.check(purchase.payment_request_token, await self._expected(purchase), now=now)

    async def _expected(self, purchase: Purchase) -> Expected:
        seller, kind, network = await self._session.seller(), purchase.kind, self._wallet.network
        rate = seller.catalog.rates.get(network)
        return Expected(
            origin=self._session.origin,
            seller=seller.did,
            keys=seller.keys,
            product=kind.product,
            credits=kind.credits,
            holder=self._wallet.did,
            token=seller.catalog.token,
            network=network,
            price=seller.catalog.price(kind.product, kind.credits),
            first_price=purchase.price,
            ada_price=checks.ada_price(network, rate, self._own_rate()),
            budget=self._budget,
        )

    def _own_rate(self) -> Money | None:
        text = self._session.context.environment.get("BUYER_ADA_USD", "")
        try:
            return Money.parse(text if " " in text else f"{text} USD") if text else None
        except MoneyError as error:
            raise UsageError("rate_invalid", f"BUYER_ADA_USD is not the price of one ADA: {error}") from error
