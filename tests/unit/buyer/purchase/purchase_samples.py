"""Purchases in a wallet, made ready and paid."""

import sqlite3

from buyer.budget import Budget
from buyer.payers.base import Cost, PaymentDraft
from buyer.purchase import allowance
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase, PurchaseKind
from buyer.wallet.file import Wallet
from shared.money import Money
from shared.tokens.prt import Order, PaymentOption, PaymentRequest
from tests.support.world.wallets.payers import PlainPayer

NOW = 1_800_000_000
SELLER = "https://seller.example"


OPTION = PaymentOption("cardano", 6_000_000, 6, "ADA", "addr_test1", "cardano:devnet")


def request(request_id: str, cents: int = 300) -> PaymentRequest:
    order = Order("image-credit", 3, "a" * 56 + ".00")
    price = Money(cents, "USD", 2)
    return PaymentRequest(request_id, "did:x", "", NOW, NOW + 900, None, price, order, (OPTION,))


def requested(wallet: Wallet, name: str, *, cents: int = 300, credit_count: int = 3) -> Purchase:
    """A purchase of its own kind, ready to be paid."""
    kind = PurchaseKind(SELLER, f"product {name}", credit_count)

    def work(db: sqlite3.Connection) -> Purchase:
        purchase = purchase_store.open_purchase(db, kind, new_id=name, job_id=None, now=NOW)
        asked = request(f"request {name}", cents)
        return purchase_store.store_request(db, purchase, f"token of {asked.id}", asked)

    return wallet.transact(work)


def pay(
    wallet: Wallet,
    purchase: Purchase,
    budget: Budget,
    resources: tuple[str, ...],
    *,
    cost: int | None = None,
    now: int = NOW,
) -> Purchase:
    token, price = purchase.payment_request_token, purchase.price
    assert token is not None
    assert price is not None
    draft = PaymentDraft(token, OPTION.id, f"hash of {purchase.id}", resources, {"expires": 100})
    charged = Cost(price if cost is None else Money(cost, price.currency, price.decimals))
    return wallet.transact(
        lambda db: purchase_store.debit(
            db, purchase, draft, budget=budget, cost=charged, payer=PlainPayer(), option=OPTION, now=now
        )
    )


def taken(wallet: Wallet) -> frozenset[str]:
    return wallet.transact(lambda db: purchase_store.taken_resources(db, PlainPayer.id))


def spent(wallet: Wallet) -> int:
    return wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount
