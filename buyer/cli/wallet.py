"""`buyer wallet`: make, fill, look at, encrypt, back up and restore the wallet."""

from pathlib import Path
from types import ModuleType
from typing import Any

import click

from buyer.cli.options import common, local, owner_fd_option, run


@click.group()
def wallet() -> None:
    """Make, fill, look at, encrypt, back up and restore the wallet."""


@wallet.command()
@local
@click.option(
    "--network",
    default="cardano:devnet",
    show_default=True,
    help="cardano:mainnet, :preprod, :preview, :devnet.",
)
@click.option(
    "--encrypt", "encrypted", is_flag=True, help="Encrypt it with a passphrase, which is asked for."
)
def create(network: str, encrypted: bool, **given: Any) -> int:
    """Make a wallet with a new key. Unless it is encrypted, whoever can read the file can spend what it holds."""
    return run(given, lambda commands: _wallet_commands().create(commands, network, encrypted=encrypted))


@wallet.command()
@local
@owner_fd_option
def encrypt(owner_fd: int | None, **given: Any) -> int:
    """Encrypt the wallet's key and receipts with a passphrase.

    From then on every command that pays or uses credits asks for it, at the terminal or with --passphrase-fd.
    Addresses, limits and the history stay readable. A passphrase that is lost is lost with the money. Where the
    owner has set a budget, this and `decrypt` take his passphrase as well.
    """
    return run(given, lambda commands: _wallet_commands().encrypt(commands, owner_fd))


@wallet.command()
@local
@owner_fd_option
def decrypt(owner_fd: int | None, **given: Any) -> int:
    """Keep the wallet's key and receipts in clear again."""
    return run(given, lambda commands: _wallet_commands().decrypt(commands, owner_fd))


@wallet.command()
@local
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path, **given: Any) -> int:
    """Copy the wallet to FILE, whole, whoever uses it meanwhile. Encrypted stays encrypted."""
    return run(given, lambda commands: _wallet_commands().backup(commands, file))


@wallet.command()
@local
@owner_fd_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(file: Path, owner_fd: int | None, **given: Any) -> int:
    """Put a backup in the place of a wallet that is gone.

    A copy does not know what was paid after it was made. Its first purchase asks the chain and the sellers, takes
    the receipts that they have, and counts the rest as spent; on real networks it signs nothing for an hour. Where
    the owner has set a budget, it takes his passphrase: two wallets would each allow all of it.
    """
    return run(given, lambda commands: _wallet_commands().restore(commands, file, owner_fd))


@wallet.command()
@local
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
