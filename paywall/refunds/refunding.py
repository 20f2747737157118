"""Giving unused credits back for their money.

transaction: the credits leave the account (revoked), the refund is stored; under one key once

The money goes back to who paid, never to where the one who asks would have it: who stole a receipt gains nothing.
`sending.py` sends it.
"""

from collections.abc import Mapping

from paywall.clock import Clock, Ids
from paywall.credits import postings
from paywall.credits import store as credit_store
from paywall.credits.accounts import account_of
from paywall.database.engine import Database, Transaction
from paywall.errors import (
    IdempotencyKeyReused,
    NotFound,
    PaymentPending,
    PaymentReversed,
    PaywallError,
    ReceiptRevoked,
    RefundTooMuch,
    RefundTooSmall,
)
from paywall.keys.identity import Identity
from paywall.ops.failpoints import failpoint
from paywall.payments import store as payment_store
from paywall.payments.tables import PaymentRow
from paywall.rails.base import Rail, Refundable, Watched
from paywall.redemptions.access import Credentials, ReceiptVerifier, use_up
from paywall.redemptions.holder_proofs import use_proof
from paywall.refunds import store
from paywall.refunds.refund import Refund, worth
from paywall.refunds.tables import RefundRow
from paywall.sales import store as request_store
from paywall.sales.prices import Product
from shared.tokens.dpop import HolderProof
from shared.tokens.prt import PaymentOption, PaymentRequest

BY_HAND = "the rail {} sends no money back by itself"


class Refunding:
    """Takes credits back. `rails` are by id."""

    def __init__(
        self,
        *,
        database: Database,
        identity: Identity,
        receipt_verifier: ReceiptVerifier,
        rails: Mapping[str, Rail],
        products: Mapping[str, Product],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._products = products
        self._database = database
        self._identity = identity
        self._receipt_verifier = receipt_verifier
        self._rails = rails
        self._clock = clock
        self._ids = ids

    async def ask(self, presented: Credentials, credits: int | None, key: str | None) -> Refund:
        """What a receipt's holder asks for: so many credits, or all that are available.

        Errors: ReceiptInvalid, HolderProofRequired, HolderProofInvalid; those of `give_back`.
        """
        principal = self._receipt_verifier.admit(presented)
        try:
            return await self.give_back(principal.receipt.id, credits, key, proof=principal.proof)
        except PaywallError:
            await use_up(self._database, principal.proof)
            raise

    async def give_back(
        self, receipt_id: str, credits: int | None, key: str | None, *, proof: HolderProof | None = None
    ) -> Refund:
        """The refund under this key, made now or before.

        Errors: NotFound (no receipt that was paid for), RefundTooMuch, RefundTooSmall, PaymentPending while the
        payment can still be undone, PaymentReversed, ReceiptRevoked, IdempotencyKeyReused,
        HolderProofInvalid.
        """
        refund_id = self._ids()
        key = f"refund {refund_id}" if key is None else key

        def once(tx: Transaction) -> RefundRow:
            if proof is not None:
                use_proof(tx, proof)
            known = store.by_key(tx, account_of(receipt_id), key)
            if known is None:
                known = self._take_back(tx, refund_id, receipt_id, credits, key)
            if credits not in {None, known.credits}:
                raise IdempotencyKeyReused
            return known

        try:
            return _plain(await self._database.transact(once))
        except _KeyTaken:
            return _plain(await self._database.transact(once))

    async def find(self, refund_id: str) -> Refund:
        """Errors: NotFound."""
        found = await self._database.read(lambda tx: store.find(tx, refund_id))
        if found is None:
            raise NotFound("There is no such refund.")
        return _plain(found)

    def _take_back(
        self, tx: Transaction, refund_id: str, receipt_id: str, credits: int | None, key: str
    ) -> RefundRow:
        account_id, now = account_of(receipt_id), self._clock()
        payment, request = self._paid(tx, receipt_id)
        option = request.option(payment.option_id)
        balance = credit_store.balance(tx, account_id)
        assert balance is not None, "a receipt has its account"
        if balance.revoked_by is not None:
            raise ReceiptRevoked
        wanted = balance.available if credits is None else credits
        if not 0 < wanted <= request.order.credits:
            raise RefundTooMuch(f"{wanted} credits cannot be given back.")
        # The guard, and first: whatever is used or given back meanwhile, it waits here for its turn.
        left = credit_store.take(tx, account_id, balance.product, postings.revoke(refund_id, wanted), now)
        if left is None:
            raise RefundTooMuch(f"The receipt has fewer than {wanted} credits left.")
        row = RefundRow(
            id=refund_id,
            account_id=account_id,
            payment_id=payment.id,
            rail=payment.rail,
            option_id=option.id,
            idempotency_key=key,
            credits=wanted,
            amount=self._amount(wanted, store.given_back(tx, account_id), request, option),
            currency=option.currency,
            decimals=option.decimals,
            state="due",
            created_at=now,
            updated_at=now,
        )
        if not isinstance(self._rails.get(payment.rail), Refundable):
            row.state, row.reason = "by_hand", BY_HAND.format(payment.rail)
        # The unique key: of two at once one stores it, and the other takes nothing, and finds it there.
        if not store.insert(tx, row):
            raise _KeyTaken
        failpoint("refund.storing")
        return row

    def _paid(self, tx: Transaction, receipt_id: str) -> tuple[PaymentRow, PaymentRequest]:
        """The payment of a receipt, which nothing can undo any more, and what it paid."""
        receipt = payment_store.receipt(tx, receipt_id)
        if receipt is None:
            raise NotFound("There is no receipt of a payment by this id.")
        payment = payment_store.payment_of(tx, receipt)
        if payment.state == "reversed":
            raise PaymentReversed
        if payment.final_at is None and isinstance(self._rails.get(payment.rail), Watched):
            raise PaymentPending(
                "The payment can still be undone on its chain; it is given back when it is final."
            )
        token = request_store.token_of(tx, payment.payment_request_id)
        assert token is not None, "what is paid has its token"
        return payment, self._identity.read_request(token)

    def _amount(
        self, credits: int, before: tuple[int, int], request: PaymentRequest, option: PaymentOption
    ) -> int:
        """`before`: the credits that were given back before, and their money. Errors: RefundTooSmall."""
        kept = request.order.credits - before[0] - credits
        cost, price = self._cost(kept, request), request.price.amount
        amount, rail = worth(int(option.amount), price, cost) - before[1], self._rails.get(option.id)
        least = rail.least_refund if isinstance(rail, Refundable) else 1
        if amount < least:
            raise RefundTooSmall(
                f"{credits} credits are worth {max(amount, 0)} (10^-{option.decimals} {option.currency}): those that"
                f" are kept cost what so few cost. {least} is the least that can be sent back."
            )
        return amount

    def _cost(self, kept: int, request: PaymentRequest) -> int:
        """What those that are kept cost: their share, or the price of so few where that is more."""
        share = -(-request.price.amount * kept // request.order.credits)
        product = self._products.get(request.order.product)
        if not kept or product is None:
            return share  # what left the catalog has no other price
        few = product.price(kept)
        same = (few.currency, few.decimals) == (request.price.currency, request.price.decimals)
        return max(share, few.amount) if same else share


def _plain(row: RefundRow) -> Refund:
    return Refund(
        id=row.id,
        state=row.state,
        credits=row.credits,
        amount=row.amount,
        currency=row.currency,
        decimals=row.decimals,
        rail=row.rail,
        returned=row.returned,
        transaction=row.external_id,
    )


class _KeyTaken(Exception):
    """Another stored a refund under the key just now."""
