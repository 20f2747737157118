"""What the commands of the wallet's owner do."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from buyer.cli.commands import CommandResult, Commands
from buyer.cli.output import CommandAnswer
from buyer.errors import UsageError
from buyer.limits import DEFAULT_PER_PURCHASE, SpendingLimits
from buyer.payers import registry
from buyer.purchase import allowance
from buyer.purchase import history as purchase_history
from buyer.purchase.allowance import Approval
from buyer.purchase.history import PastPurchase
from buyer.seller.origin import seller_origin
from buyer.wallet import chains, owner
from buyer.wallet.file import Wallet
from buyer.wallet.passphrases import PassphraseSource
from shared.money import Money
from shared.text import clean, counted

NONE = "none"


async def set_budget(
    commands: Commands, asked: Mapping[str, str | Sequence[str] | None], owner_fd: int | None
) -> CommandResult:
    source = PassphraseSource(owner_fd, "--owner-fd")
    with closing(commands.look()) as wallet:
        old = wallet.transact(owner.limits) or SpendingLimits(per_purchase=DEFAULT_PER_PURCHASE)
        new = _changed(old, asked)
        with commands.progress.aside():
            if wallet.transact(owner.is_known):
                known_by = owner.recognised(wallet, source.ask(owner.OWNER))
            else:
                known_by = owner.introduction(source.choose(owner.OWNER))
        wallet.transact(lambda db: owner.store(db, new, known_by))
        document, lines = _budget(wallet)
    dropped = _dropped(old, new)
    told = [f"no longer allowed: {', '.join(dropped)}"] if dropped else []
    return CommandResult(({**document, "no_longer_allowed": dropped}, [*lines, *told]))


async def show_budget(commands: Commands) -> CommandResult:
    with closing(commands.look()) as wallet:
        return CommandResult(_budget(wallet))


async def approve(commands: Commands, approval_id: str, owner_fd: int | None) -> CommandResult:
    source = PassphraseSource(owner_fd, "--owner-fd")
    with closing(commands.look()) as wallet:
        with commands.progress.aside():
            owner.recognised(wallet, source.ask(owner.OWNER))
        approval = wallet.transact(lambda db: allowance.approve(db, approval_id, now=int(time.time())))
    line = f"approved once: {_in_words(approval)}; the buyer's command goes on when it is run again"
    return CommandResult((_waiting(approval), [clean(line)]))


async def show_history(commands: Commands) -> CommandResult:
    with closing(commands.look()) as wallet:
        past = wallet.transact(purchase_history.read)
    lines = [_past_line(purchase) for purchase in past]
    return CommandResult(
        ({"purchases": [_past(purchase) for purchase in past]}, lines or ["nothing was bought yet"])
    )


def _changed(old: SpendingLimits, asked: Mapping[str, str | Sequence[str] | None]) -> SpendingLimits:
    """The old limits with what was asked for; UsageError when it is nothing, or none of it can be read."""
    named = {name: value for name, value in asked.items() if value}
    if not named:
        raise UsageError("budget_empty", "name at least one limit", hint="See: buyer budget set --help")
    document = old.as_json()
    for name, value in named.items():
        if isinstance(value, str):
            document[name] = None if value == NONE else _text(name, value)
        else:
            document[name] = [] if list(value) == [NONE] else [_member(name, one) for one in value]
    return SpendingLimits.read(document)


def _dropped(old: SpendingLimits, new: SpendingLimits) -> list[str]:
    """What stood in a list that another took the place of. An empty list allows everything, and drops nothing."""
    lists = ((old.sellers, new.sellers), (old.networks, new.networks), (old.currencies, new.currencies))
    return [clean(name) for before, after in lists if after for name in before if name not in after]


def _text(name: str, value: str) -> str:
    if name == "chain":
        return chains.named(value, "--chain").url
    return value if " " in value else f"{value} USD"


def _member(name: str, value: str) -> str:
    """One member of a list; UsageError for one that no payer knows: a list of such would allow nothing at all."""
    if name == "sellers":
        return seller_origin(value)
    option, known = (
        ("--allow-network", registry.known("PAYS_ON"))
        if name == "networks"
        else ("--allow-currency", registry.known("PAYS_IN"))
    )
    if value not in known:
        hint = f"Known: {', '.join(known)}."
        raise UsageError("name_unknown", f"{option}: no payer knows {clean(value)!r}", hint=hint)
    return value


def _budget(wallet: Wallet) -> CommandAnswer:
    def look(db: sqlite3.Connection) -> tuple[SpendingLimits | None, Money, list[Approval]]:
        limits = owner.limits(db)
        like = next(iter(limits.ceilings()), None) if limits is not None else None
        return limits, allowance.spent(db, like=like or Money(0, "USD", 2)), allowance.waiting(db)

    limits, spent, waiting = wallet.transact(look)
    document = {
        "limits": None if limits is None else limits.as_json(),
        "spent": str(spent),
        "waiting": [_waiting(approval) for approval in waiting],
    }
    lines = (
        [f"no budget is set: each purchase may cost up to {DEFAULT_PER_PURCHASE}, or what --max-price says"]
        if limits is None
        else _limit_lines(limits)
    )
    asked = [
        f"approved, not bought yet: {_in_words(one)}"
        if one.approved_at
        else f"waits for you: {_in_words(one)}: buyer approve {one.id}"
        for one in waiting
    ]
    return document, [*lines, f"spent so far: {spent}", *map(clean, asked)]


def _limit_lines(limits: SpendingLimits) -> list[str]:
    shown = {name: value for name, value in limits.as_json().items() if value}
    lines = [
        f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}"
        for name, value in shown.items()
    ]
    if limits.per_purchase is None:
        lines.insert(0, f"per purchase: none; {DEFAULT_PER_PURCHASE}, or what --max-price says")
    return lines


def _in_words(approval: Approval) -> str:
    return f"{approval.kind.in_full()} for {approval.price}"


def _waiting(approval: Approval) -> dict[str, Any]:
    return {
        "approval_id": approval.id,
        "seller": approval.kind.origin,
        "credits": approval.kind.credits,
        "price": str(approval.price),
        "approved": approval.approved_at is not None,
        "seller_says": approval.kind.sellers_words(),
    }


def _past(purchase: PastPurchase) -> dict[str, Any]:
    return {
        "purchase_id": purchase.id,
        "seller": purchase.kind.origin,
        "credits": purchase.kind.credits,
        "state": purchase.state,
        "price": None if purchase.price is None else str(purchase.price),
        "counted_as_spent": purchase.counted,
        "created_at": purchase.created_at,
        "signed_at": purchase.signed_at,
        "payment": purchase.payment,
        "receipt_id": purchase.receipt_id,
        "seller_says": purchase.kind.sellers_words(),
        "verified": {
            "receipt": purchase.receipt_id is not None,
            "uses": purchase.uses,
            **{
                f"burns_{outcome}": purchase.proofs.count(outcome)
                for outcome in ("holds", "partly", "broken")
            },
        },
    }


def _past_line(purchase: PastPurchase) -> str:
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(purchase.signed_at or purchase.created_at))
    line = f"{day}  {purchase.state}  {purchase.price or '–'}  {purchase.kind.in_full()}"
    if purchase.signed_at is None:
        return clean(line)
    if purchase.receipt_id is None:
        return clean(f"{line}  no receipt")
    proofs = f"{purchase.proofs.count('holds')} of {counted(purchase.uses, 'burn')} proved"
    broken = f", {purchase.proofs.count('broken')} BROKEN" if "broken" in purchase.proofs else ""
    return clean(f"{line}  receipt {purchase.receipt_id} verified, {proofs}{broken}")
