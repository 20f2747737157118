"""Whether a payment request of a 402 holds, and how it is paid. Nothing is stored but who the seller is.

a paywall's: its order and price, against the catalog, by the very rules of a purchase
anybody's:   signed by the origin that was asked, still to be paid, an option that a payer takes by his own rate
"""

from collections.abc import Sequence

from buyer.budget import Budget
from buyer.errors import BuyerError, PaymentRefused, SellerFault
from buyer.payers.base import Payer, RatedPayer, Submits
from buyer.paying import calls
from buyer.paying.ack.ack_asked import AckAsked
from buyer.paying.offers import LONGEST_LIFE, USUAL_LIFE, CallOption
from buyer.paying.signing import ChosenCall
from buyer.purchase import choice
from buyer.purchase.machine import SHORTEST_LIFE
from buyer.seller import checks, identity
from buyer.seller.catalog import PATH
from buyer.seller.checks import Expected
from buyer.seller.session import Session
from shared.tokens import jws, prt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentOption, token_hash

#: the path of the claims of an order that names no receipt service
PAYMENTS = "/api/payments"


class Judging:
    """Judges what one seller asks. `session` is at its seat."""

    def __init__(self, session: Session, budget: Budget, payers: Sequence[Payer]) -> None:
        self._session = session
        self._budget = budget
        self._payers = payers

    async def choose(self, asked: AckAsked, path: str) -> ChosenCall:
        """The first option that a payer pays, for a call of `path`.

        Errors: SellerFault for what an honest seller would not say; PaymentRefused, OverBudget, UsageError.
        """
        if asked.ordered:
            return await self._of_order(asked, path)
        return await self._of_any_make(asked)

    async def _of_order(self, asked: AckAsked, path: str) -> ChosenCall:
        seller, now = await self._session.seller(), self._session.context.now()
        if path in {self._session.http.mount + (one.buy or "") for one in seller.catalog.resources}:
            hint = "Nothing was paid. Buy them: buyer buy"
            raise PaymentRefused("credits_for_sale", "credits are sold there, and nothing else", hint=hint)
        try:
            order = prt.verify(asked.token, seller.keys, issuer=seller.did, now=now).order
        except TokenError as error:
            raise _invalid(error) from error
        expected = Expected(
            origin=self._session.origin,
            seller=seller.did,
            keys=seller.keys,
            product=order.product,
            credits=order.credits,
            holder=None,  # the receipt is shown by its bearer
            token=seller.catalog.token,
            price=seller.catalog.price(order.product, order.credits),
            first_price=None,
            budget=self._budget,
            limits=self._session.limits,
        )
        request = checks.check(asked.token, expected, now=now)
        # What an account elsewhere pays, its own key would have to claim.
        own = [payer for payer in self._payers if not isinstance(payer, Submits)]
        chosen = choice.choose(request, expected, own)
        return ChosenCall(_option(asked, chosen.option, request.expires_at), chosen.payer, chosen.cost)

    async def _of_any_make(self, asked: AckAsked) -> ChosenCall:
        request, now = asked.request, self._session.context.now()
        keys = await identity.keys_of(request.issuer, self._session.http)
        try:
            jws.verify(asked.token, keys)
        except TokenError as error:
            raise _invalid(error) from error
        checks.check_names(request.id, request.options)
        self._session.recognise(request.issuer, keys)
        ends = now + USUAL_LIFE if request.expires_at is None else request.expires_at
        if ends < now + SHORTEST_LIFE:
            raise SellerFault("expiry_too_soon", "the payment request expires before it could be paid")
        refusals: list[BuyerError] = []
        for payer in self._payers:
            for option in filter(payer.pays, request.options):
                try:
                    return self._rated(asked, option, payer, min(ends, now + LONGEST_LIFE))
                except BuyerError as error:
                    refusals.append(error)
        if refusals:
            raise refusals[0]
        offered = ", ".join(option.network or option.currency for option in request.options)
        message = "this wallet pays none of what the payment request takes"
        raise PaymentRefused("no_payable_option", message, seller_says={"takes": offered})

    def _rated(self, asked: AckAsked, option: PaymentOption, payer: Payer, ends: int) -> ChosenCall:
        """Errors: PaymentRefused, those of the payer."""
        if not isinstance(payer, RatedPayer):
            raise PaymentRefused("no_payable_option", "that is paid at sellers that name a price alone")
        if not isinstance(payer, Submits):
            place(asked, option)
        return ChosenCall(_option(asked, option, ends), payer, payer.judge(option, payer.worth(option)))


def place(asked: AckAsked, option: PaymentOption) -> str:
    """The path, below its seat, where payments of the option are claimed. Errors: PaymentRefused."""
    if asked.ordered:
        return PAYMENTS
    service = option.receipt_service or ""
    path = service.removeprefix(asked.seat)
    if path == service or not PATH.fullmatch(path):
        message = "the payment request names no address of its own seller where a payment would be claimed"
        said = {"receipt_service": service}
        raise PaymentRefused("receipt_service_foreign", message, hint="Nothing was paid.", seller_says=said)
    return path


def _option(asked: AckAsked, option: PaymentOption, ends: int) -> CallOption:
    return CallOption(
        "ack", option, asked.request.id, token_hash(asked.token), ends, lambda _: calls.AWAITED, asked.token
    )


def _invalid(error: TokenError) -> SellerFault:
    return SellerFault("payment_request_invalid", f"the payment request does not hold: {error}")
