"""`buyer budget`, `buyer approve` and `buyer history`: what the owner of a wallet sets and looks at."""

from types import ModuleType
from typing import Any

import click

from buyer.cli.options import local, owner_fd_option, run

_MONEY = "AMOUNT"


@click.group()
def budget() -> None:
    """What may be spent from the wallet. Only its owner changes that.

    Without a budget one purchase may cost 5.00 USD, or what --max-price says. With one that ceiling is the owner's,
    and --max-price does not lift it; `buyer budget set --per-purchase` does, `none` takes it away.

    The first `buyer budget set` asks for an owner's passphrase, and from then on no limit changes without it. It
    is not the wallet's passphrase: a program that drives `buyer` may pay, and gets to know neither how to pay more
    nor to whom else. The options of a single call (--max-price) only ever lower what is allowed here.

    It holds against whoever can run `buyer`. Whoever can read or write the wallet file as its owner can take the
    money without `buyer`: give an agent the command, under another user of this machine or through a service, and
    not the file; or encrypt the wallet (`buyer wallet encrypt`).
    """


@budget.command(name="set")
@local
@owner_fd_option
@click.option(
    "--per-purchase",
    metavar=_MONEY,
    help="The most for one purchase, like 5.00 or '5.00 USD'.  [5.00 USD unless named]",
)
@click.option("--per-seller", metavar=_MONEY, help="The most in all at one seller.")
@click.option("--per-day", metavar=_MONEY, help="The most within any 24 hours.")
@click.option("--total", metavar=_MONEY, help="The most that this wallet ever spends.")
@click.option(
    "--approve-above", metavar=_MONEY, help="Ask the owner about prices above this: buyer approve ID."
)
@click.option(
    "--allow-seller",
    "sellers",
    multiple=True,
    metavar="URL",
    help="Pay this seller and no other; may be repeated. Replaces the list.",
)
@click.option(
    "--allow-network",
    "networks",
    multiple=True,
    metavar="NAME",
    help="Pay on this network and no other; may be repeated. Replaces the list.",
)
@click.option(
    "--allow-currency",
    "currencies",
    multiple=True,
    metavar="CODE",
    help="Pay in this and nothing else, like ADA; may be repeated. Replaces the list.",
)
@click.option(
    "--ada-usd", metavar=_MONEY, help="The least that one ADA is worth, whatever BUYER_ADA_USD says."
)
@click.option(
    "--chain", metavar="URL", help="The chain service whose word counts, whatever BUYER_CHAIN says."
)
def set_(owner_fd: int | None, **given: Any) -> int:
    """Change limits; those that are not named stay. `none` takes a limit away.

    A list (--allow-seller and its like) is replaced as a whole: name everything that stays.

    \b
    Example:
      buyer budget set --per-purchase 5.00 --per-day 20.00 --total 100.00 --approve-above 3.00
    """
    asked = {name: given.pop(name) for name in _LIMITS}
    return run(given, lambda commands: _work().set_budget(commands, asked, owner_fd))


@budget.command()
@local
def show(**given: Any) -> int:
    """Show the limits, what is spent, and what waits for the owner's approval."""
    return run(given, lambda commands: _work().show_budget(commands))


@click.command()
@local
@owner_fd_option
@click.argument("approval_id")
def approve(approval_id: str, owner_fd: int | None, **given: Any) -> int:
    """Allow one purchase that waits for its owner: once, at that price, at that seller."""
    return run(given, lambda commands: _work().approve(commands, approval_id, owner_fd))


@click.command()
@local
def history(**given: Any) -> int:
    """List the purchases: where, what, for how much, and what was verified of it."""
    return run(given, lambda commands: _work().show_history(commands))


_LIMITS = (
    *("per_purchase", "per_seller", "per_day", "total", "approve_above", "ada_usd", "chain"),
    *("sellers", "networks", "currencies"),
)


def _work() -> ModuleType:
    from buyer.cli.owner import spending_commands

    return spending_commands
