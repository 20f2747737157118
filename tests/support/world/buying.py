"""Buying in tests as a process of its own would: open the wallet, buy, close."""

import asyncio
from collections.abc import Callable
from contextlib import closing

import httpx

from buyer.budget import Budget
from buyer.purchase import allowance
from buyer.purchase.receipts import HeldReceipt
from buyer.wallet.file import Wallet
from shared.money import Money
from tests.support.hostile.shop import nobody
from tests.support.world.real_shop import AnyShop

PRICE = 6_000_000
PAYMENTS = "/api/payments"


def buy(
    shop: AnyShop,
    credit_count: int = 3,
    *,
    budget: Budget | None = None,
    wait: float = 30,
    before: Callable[[httpx.Request], None] = nobody,
    after: Callable[[httpx.Request], None] = nobody,
) -> HeldReceipt:
    """Buy as a process of its own would: open the wallet, buy, close."""

    async def once() -> HeldReceipt:
        with closing(Wallet.open(shop.wallet_path)) as wallet:
            async with shop.client(wallet, budget=budget, wait=wait, before=before, after=after) as client:
                return await client.buy(credit_count)

    return asyncio.run(once())


def states(shop: AnyShop) -> list[str]:
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        rows = wallet.transact(lambda db: db.execute("SELECT state FROM purchases ORDER BY rowid").fetchall())
    return [row[0] for row in rows]


def spent(shop: AnyShop) -> int:
    with closing(Wallet.open(shop.wallet_path)) as wallet:
        return wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount
