"""The command `paywall`. Imports what a subcommand needs inside it: `--help` is instant."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from paywall import __version__
from paywall.errors import SetupError
from paywall.settings import Settings, read_settings

P = ParamSpec("P")
T = TypeVar("T")
EXIT_SETUP = 2
EXIT_BROKEN = 1


def _settings() -> Settings:
    return read_settings(os.environ)


def _explained(command: Callable[P, T]) -> Callable[P, T]:
    """A set-up that is not complete ends in one sentence and exit status 2, not in a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except SetupError as error:
            click.echo(f"paywall: {error.detail}", err=True)
            sys.exit(EXIT_SETUP)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="paywall")
def main() -> None:
    """Sell to other programs over HTTP 402, and burn one token on Cardano for each use.

    Everything is set by environment variables; README.md lists them. With none set, everything runs
    embedded: try `paywall demo`, or `paywall serve` and then `buyer images`.
    """


@main.command()
@_explained
def serve() -> None:
    """Serve the API, with the burn worker and, if no chain is configured, the devnet."""
    from paywall.serving import serve as run

    run(_settings())


@main.command()
@_explained
def worker() -> None:
    """Run the worker alone, beside any number of `paywall serve` on one PostgreSQL."""
    from paywall.serving import work

    work(_settings())


@main.command()
@click.option(
    "--keep", is_flag=True, help="Keep what the last demo left (wallet, database, chain) and go on with it."
)
@_explained
def demo(*, keep: bool) -> None:
    """Sell, pay, redeem, burn and prove, once, on embedded defaults."""
    from paywall.demo import run

    sys.exit(run(keep=keep))


@main.command()
@_explained
def devnet() -> None:
    """Run the devnet alone: Blockfrost's API over real ledger rules, and a faucet."""
    from paywall.devnet.child import run_alone

    run_alone(_settings())


@main.command()
@_explained
def migrate() -> None:
    """Bring the database's schema up to date."""
    from paywall.maintenance import migrate as run

    click.echo(run(_settings()))


@main.group()
def token() -> None:
    """The custodial CREATE tokens, one of which each redemption burns."""


@token.command("mint")
@click.option("--supply", type=click.IntRange(1), help="How many; PAYWALL_SUPPLY by default.")
@_explained
def token_mint(supply: int | None) -> None:
    """Mint the supply, once."""
    from paywall.maintenance import mint

    settings = _settings()
    click.echo(f"minted in {mint(settings, supply or settings.supply)}")


@token.command("show")
@_explained
def token_show() -> None:
    """Show the token and how its supply stands on chain."""
    from paywall.maintenance import show_supply

    for name, value in show_supply(_settings()).items():
        click.echo(f"{name:<10} {value}")


@main.command()
@click.option("--offline", is_flag=True, help="Leave out what needs the chain.")
@_explained
def reconcile(*, offline: bool) -> None:
    """Check every invariant and print its figures; exit status 1 if one is broken."""
    from paywall.maintenance import check_invariants

    held, lines = check_invariants(_settings(), offline=offline)
    for line in lines:
        click.echo(line)
    sys.exit(0 if held else EXIT_BROKEN)
