"""`buyer sellers`: whom the wallet knows, and whom its owner believes."""

from types import ModuleType
from typing import Any

import click

from buyer.cli.options import common, listed, local, owner_fd_option, run


@click.group(invoke_without_command=True)
@local
@click.pass_context
def sellers(context: click.Context, /, **given: Any) -> int:
    """List the sellers that the wallet has met, and the identity that each is held to."""
    return listed(context, lambda: run(given, lambda commands: _work().listing(commands)))


@sellers.command()
@common
@owner_fd_option
@click.option("--identity", help="The identity to believe, as this command shows it without the option.")
def trust(identity: str | None, owner_fd: int | None, **given: Any) -> int:
    """Believe the identity that a seller presents now, in place of the one that it had.

    A decision of the wallet's owner: compare the identity with what the seller tells on another way. Where he has
    set a budget, it takes his passphrase.

    \b
    Example:
      buyer sellers trust --seller https://shop.example --identity did:web:shop.example#...
    """
    return run(given, lambda commands: _work().trust(commands, identity, owner_fd))


def _work() -> ModuleType:
    from buyer.cli.owner import seller_commands

    return seller_commands
