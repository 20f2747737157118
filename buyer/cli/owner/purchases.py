"""`buyer purchases`: what was paid for and never arrived."""

from types import ModuleType
from typing import Any

import click

from buyer.cli.options import common, confirm, listed, local, run


@click.group(invoke_without_command=True)
@local
@click.pass_context
def purchases(context: click.Context, /, **given: Any) -> int:
    """List the purchases that are neither finished nor given up.

    \b
    Examples:
      buyer purchases
      buyer purchases claim 1a2b3c4d
    """
    return listed(context, lambda: run(given, lambda commands: _work().listing(commands)))


@purchases.command()
@common
@click.argument("purchase_id")
def claim(purchase_id: str, **given: Any) -> int:
    """Show the seller the payment of a purchase again, and keep the receipt. Nothing more is paid."""
    return run(given, lambda commands: _work().claim(commands, purchase_id))


@purchases.command()
@common
@click.argument("purchase_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def release(purchase_id: str, yes: bool, **given: Any) -> int:
    """Give a stuck purchase up, so that the same can be bought anew.

    The payment may still land: what it costs stays counted as spent, unless the chain says that it never will.
    """
    if not yes:
        confirm(given, lambda commands: _work().costs(commands, purchase_id))
    return run(given, lambda commands: _work().release(commands, purchase_id))


def _work() -> ModuleType:
    from buyer.cli.owner import purchase_commands

    return purchase_commands
