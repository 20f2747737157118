"""Choosing how a call is paid, and the one transaction that debits its price, signs, and stores what will be sent."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from buyer.budget import Budget
from buyer.errors import BuyerError, PaymentRefused, WalletError
from buyer.limits import SpentBefore, WantedSpending
from buyer.payers.base import CallTerms, Cost, Payer, PaymentDraft, RatedPayer
from buyer.paying import calls
from buyer.paying.calls import Header
from buyer.paying.offers import CallOffer, CallOption
from buyer.paying.words import rail_words
from buyer.purchase import allowance
from buyer.purchase import store as purchase_store
from buyer.purchase.allowance import Approval
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.seller.session import Context, Session
from buyer.wallet import owner
from buyer.wallet.file import Wallet
from shared.money import Money


@dataclass(frozen=True, slots=True)
class ChosenCall:
    """An option that may be paid, who pays it, and what that costs."""

    option: CallOption
    payer: Payer
    cost: Cost


@dataclass(frozen=True, slots=True)
class AskedCall:
    """What the wallet keeps of what was asked; see `AskedPayment`."""

    id: str
    expires_at: int
    price: Money


class Signing:
    """Signs payments for calls at one seller, whose `origin` is judged already."""

    def __init__(self, wallet: Wallet, budget: Budget, context: Context, origin: str) -> None:
        self._wallet = wallet
        self._budget = budget
        self._context = context
        self._origin = origin

    def choose(self, offer: CallOffer, payers: Sequence[Payer]) -> ChosenCall:
        """The first payer's first option that may be spent now; nothing is stored.

        Errors: PaymentRefused `no_payable_offer` with the reasons; else what was wrong with the first.
        """
        refusals: list[BuyerError] = []
        for payer in payers:
            for one in offer.options:
                if not payer.pays(one.option) or not isinstance(payer, RatedPayer):
                    continue
                try:
                    cost = payer.judge(one.option, payer.worth(one.option))
                    self._check_alone(one, cost)
                    return ChosenCall(one, payer, cost)
                except BuyerError as error:
                    refusals.append(error)
        if refusals:
            raise refusals[0]
        networks = [f"{one.dialect}: {one.option.network} is not this wallet's" for one in offer.options]
        why = "; ".join((*offer.reasons, *networks)) or "no dialect that is known"
        message = "this wallet pays none of what the 402 asks"
        raise PaymentRefused("no_payable_offer", message, seller_says={"reasons": why})

    def check(self, kind: PurchaseKind, chosen: ChosenCall) -> None:
        """OverBudget on top of what was spent, or ApprovalNeeded, once it is noted for the owner."""
        wanted, now = self._wanted(chosen), self._context.now()

        def look(db: sqlite3.Connection) -> Approval | None:
            allowance.check(db, wanted, self._budget, now=now)
            return allowance.lacking(db, kind, wanted.money, new_id=Session.new_id()[-12:], now=now)

        approval = self._wallet.transact(look)
        if approval is not None:
            raise allowance.refusal(approval)

    def rehearse(self, chosen: ChosenCall) -> bool:
        """Whether the owner would be asked first; OverBudget as for `check`. Nothing is stored."""
        wanted, now = self._wanted(chosen), self._context.now()
        self._wallet.transact(lambda db: allowance.check(db, wanted, self._budget, now=now))
        limits = self._wallet.transact(owner.limits)
        return limits is not None and limits.needs_approval(wanted.money)

    async def draft(self, chosen: ChosenCall) -> PaymentDraft:
        """A payment of the option that lacks only its signature. Errors: those of the payer."""
        payer, one = chosen.payer, chosen.option
        taken = self._wallet.transact(lambda db: purchase_store.taken_resources(db, payer.id))
        terms = CallTerms(one.token or one.request_id or "", one.expires_at, one.commitment)
        return await payer.prepare(one.option, terms, taken=taken)

    async def sign(self, kind: PurchaseKind, chosen: ChosenCall) -> tuple[Purchase, Header]:
        """The purchase, signed, and the header that shows it; all of it is in the wallet before anybody sees it.

        Errors: OverBudget, ApprovalNeeded, SellerFault `request_repeated`, WalletError, those of the payer.
        """
        held = self._wallet.transact(lambda db: self._held(db, kind, chosen))
        if held is not None:
            return held
        self.check(kind, chosen)
        while True:
            draft = await self.draft(chosen)
            try:
                return self._wallet.transact(lambda db, draft=draft: self._debit(db, kind, chosen, draft))  # type: ignore[misc]  # a default
            except WalletError as error:
                if error.code != "resources_taken":
                    raise
            except sqlite3.IntegrityError as error:
                # Where nothing is named, the one that was given up has the same bytes: it would pay for both.
                hint = "Nothing new was signed. Try again when the chain has a new block."
                message = "the payment would be the very one that was signed and given up before"
                raise WalletError("payment_repeated", message, hint=hint) from error

    def _held(
        self, db: sqlite3.Connection, kind: PurchaseKind, chosen: ChosenCall
    ) -> tuple[Purchase, Header] | None:
        if (found := calls.under_way(db, kind)) is None:
            calls.check_new(db, kind.origin, chosen.option.request_id)
        return found

    def _debit(
        self, db: sqlite3.Connection, kind: PurchaseKind, chosen: ChosenCall, draft: PaymentDraft
    ) -> tuple[Purchase, Header]:
        # Another process may have paid for the same call just now: its payment is the one that is shown.
        if (found := calls.under_way(db, kind)) is not None:
            return found
        now, new_id, one = self._context.now(), Session.new_id(), chosen.option
        wanted = purchase_store.open_purchase(db, kind, new_id=new_id, job_id=None, now=now)
        asked = AskedCall(one.request_id or f"unnamed:{new_id}", one.expires_at, chosen.cost.money)
        # What was asked is kept by its name where it has no token: what is sent is kept whole.
        requested = purchase_store.store_request(db, wanted, one.token or asked.id, asked)
        signed = purchase_store.debit(
            db,
            requested,
            draft,
            budget=self._budget,
            cost=chosen.cost,
            payer=chosen.payer,
            option=one.option,
            now=now,
        )
        shown = {} if one.token else rail_words.payload(signed.evidence, one.dialect)
        header = one.write(shown)
        calls.note(db, signed, header)
        return signed, header

    def _wanted(self, chosen: ChosenCall) -> WantedSpending:
        option = chosen.option.option
        return WantedSpending(self._origin, chosen.cost.money, option.network, option.currency)

    def _check_alone(self, one: CallOption, cost: Cost) -> None:
        """The ceilings of one purchase; what was spent before is counted where the cost is debited."""
        nothing = Money(0, cost.money.currency, cost.money.decimals)
        limits = self._wallet.transact(owner.limits)
        if limits is not None:
            wanted = WantedSpending(self._origin, cost.money, one.option.network, one.option.currency)
            limits.check(wanted, SpentBefore(nothing, nothing, nothing))
        self._budget.check(cost.money, nothing)
