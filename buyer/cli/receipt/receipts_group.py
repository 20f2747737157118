"""`buyer receipts`: what the wallet holds, and whether it is still good."""

from typing import Any

import click

from buyer.cli.options import listed, local, run


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
    """
    return listed(context, lambda: run(given, lambda commands: commands.receipts(check=check)))
