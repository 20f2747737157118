"""`buyer receipts` and `buyer give`: what the wallet holds, and what goes from hand to hand."""

from types import ModuleType
from typing import Any

import click

from buyer.cli.options import common, listed, local, run


@click.group(invoke_without_command=True)
@local
@click.option("--check", is_flag=True, help="Ask their sellers' status lists whether they were revoked.")
@click.pass_context
def receipts(context: click.Context, /, check: bool, **given: Any) -> int:
    """List the receipts in the wallet.

    \b
    Examples:
      buyer receipts
      buyer receipts --check
      buyer receipts add < receipt.txt
    """
    return listed(context, lambda: run(given, lambda commands: commands.receipts(check=check)))


@receipts.command()
@common
@click.argument("file", type=click.File("r"), default="-")
def add(file: Any, **given: Any) -> int:
    """Keep a receipt that somebody gave to this wallet's key; it is read from FILE, or from stdin.

    The seller who made it is named with --seller, and says how many credits are on it.
    """
    return run(given, lambda commands: _work().add(commands, file.read(_work().LONGEST + 1)))


@click.command()
@common
@click.argument("receipt_id")
@click.option(
    "--to", required=True, metavar="DID", help="The receiver's did:key, as `buyer wallet show` has it."
)
@click.option(
    "--credits", "credit_count", type=click.IntRange(1), help="How many.  [default: all that are left]"
)
def give(receipt_id: str, to: str, credit_count: int | None, **given: Any) -> int:
    """Give credits of a receipt to another holder, and print the new receipt, which is of use to him alone.

    What was interrupted is finished by the same command: nothing is given twice.

    \b
    Example:
      buyer give 1a2b3c4d --to did:key:z6Mk… --credits 2 > receipt.txt
    """
    return run(given, lambda commands: _work().give(commands, receipt_id, to, credit_count))


def _work() -> ModuleType:
    from buyer.cli.receipt import receipts_work

    return receipts_work
