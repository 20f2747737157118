"""`buyer refund`: unused credits back for their money."""

from typing import Any

import click

from buyer.cli.options import common, run


@click.command()
@common
@click.option("--receipt", "receipt_id", help="The receipt's id, or its beginning.  [default: the newest]")
@click.option(
    "--credits", "credit_count", type=click.IntRange(1), help="How many.  [default: all that are left]"
)
@click.option(
    "--key",
    help="Names this refund: the same command again asks how it stands, another key gives more back."
    "  [default: one for each number of credits]",
)
def refund(receipt_id: str | None, credit_count: int | None, key: str | None, **given: Any) -> int:
    """Give unused credits back; the seller sends their money to who paid.

    Exit code 5 while the payment can still be undone on its chain, 4 where the seller gives nothing back.

    \b
    Example:
      buyer refund --credits 2
    """
    name = key or f"refund of {credit_count or 'all'}"
    return run(given, lambda commands: commands.refund(receipt_id, credit_count, name))
