"""What the commands of `buyer purchases` do."""

from contextlib import closing
from dataclasses import replace
from typing import Any

from buyer.cli import output
from buyer.cli.commands import CommandResult, Commands
from buyer.purchase import store as purchase_store
from buyer.purchase.record import Purchase

_UNPAID = "not paid; buying as many credits there takes it up again"
_MEANING = {
    "wanted": _UNPAID,
    "requested": _UNPAID,
    "signed": "signed, and no receipt yet",
    "released": "released without a receipt",
    "paid": "paid, and not all its images are saved; the same command goes on with them",
    "abandoned": "given up",
}


async def listing(commands: Commands) -> CommandResult:
    with closing(commands.look()) as wallet:
        found = wallet.transact(purchase_store.unfinished)
    lines = [_line(purchase) for purchase in found] or ["every purchase is finished"]
    return CommandResult(({"purchases": [_document(purchase) for purchase in found]}, lines))


async def claim(commands: Commands, beginning: str) -> CommandResult:
    with closing(commands.unlock()) as wallet:
        purchase = wallet.transact(lambda db: purchase_store.named(db, beginning))
        async with replace(commands, seller=purchase.kind.origin).client(wallet) as client:
            return CommandResult(output.purchase(await client.claim(purchase.id)))


async def release(commands: Commands, beginning: str) -> CommandResult:
    with closing(commands.unlock()) as wallet:
        purchase = wallet.transact(lambda db: purchase_store.named(db, beginning))
        async with replace(commands, seller=purchase.kind.origin).client(wallet) as client:
            after = await client.release(purchase.id)
    return CommandResult((_document(after), [_line(after)]))


def costs(commands: Commands, beginning: str) -> str:
    """What releasing the purchase may cost, in words."""
    with closing(commands.look()) as wallet:
        purchase = wallet.transact(lambda db: purchase_store.named(db, beginning))
    if purchase.external_id is None:
        return f"Nothing was paid for {purchase.kind.in_full()}. Give it up?"
    if purchase.state == "paid":
        return "The receipt and its credits stay in the wallet, and the next command buys anew. Give the images up?"
    return (
        f"The payment {purchase.external_id} of {purchase.price} for {purchase.kind.in_full()} may have landed, or"
        f" may still. It stays counted as spent unless the chain says that it never will; buying again may cost another"
        f" {purchase.price}. Give it up?"
    )


def _document(purchase: Purchase) -> dict[str, Any]:
    return {
        "purchase_id": purchase.id,
        "state": purchase.state,
        "seller": purchase.kind.origin,
        "credits": purchase.kind.credits,
        "price": None if purchase.price is None else str(purchase.price),
        "payment": purchase.external_id,
        "created_at": purchase.created_at,
        "expires_at": purchase.expires_at,
        "counted_as_spent": purchase.counted,
        "seller_says": purchase.kind.sellers_words(),
    }


def _line(purchase: Purchase) -> str:
    price = "" if purchase.price is None else f" at {purchase.price}"
    counts = "its price counts as spent" if purchase.counted else "nothing counts as spent"
    return f"{purchase.id}  {purchase.kind.in_full()}{price}: {_MEANING[purchase.state]}; {counts}"
