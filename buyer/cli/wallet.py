"""`buyer wallet`: make, fill and look at the wallet."""

from types import ModuleType
from typing import Any

import click

from buyer.cli.options import common, run


@click.group()
def wallet() -> None:
    """Make, fill and look at the wallet."""


@wallet.command()
@common
@click.option(
    "--network",
    default="cardano:devnet",
    show_default=True,
    help="cardano:mainnet, :preprod, :preview, :devnet.",
)
def create(network: str, **given: Any) -> int:
    """Make a wallet with a new key. Whoever can read the file can spend what it holds."""
    return run(given, lambda commands: _wallet_commands().create(commands, network))


@wallet.command()
@common
def address(**given: Any) -> int:
    """Print the address that the wallet pays from."""
    return run(given, lambda commands: _wallet_commands().address(commands))


@wallet.command()
@common
def balance(**given: Any) -> int:
    """Show what the wallet holds, as the chain says."""
    return run(given, lambda commands: _wallet_commands().balance(commands))


@wallet.command()
@common
@click.option(
    "--ada", type=click.IntRange(2, 1_000_000), default=1000, show_default=True, help="How much to ask for."
)
def fund(ada: int, **given: Any) -> int:
    """Fill the wallet from the devnet's faucet."""
    return run(given, lambda commands: _wallet_commands().fund(commands, ada * 1_000_000))


def _wallet_commands() -> ModuleType:
    from buyer.cli import wallet_commands

    return wallet_commands
