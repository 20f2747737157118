"""The command `paywall`. Imports what a subcommand needs inside it: `--help` is instant."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from paywall import __version__
from paywall.cli.explained import configured, explained
from paywall.cli.keys import address, import_key, keygen, keys
from paywall.cli.money_back import refunds
from paywall.cli.receipt.receipt_group import receipts

EXIT_BROKEN = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="paywall")
def main() -> None:
    """Sell to other programs over HTTP 402, and burn a token on Cardano for each credit that is used.

    Everything is set by environment variables; README.md lists them. With none set, everything runs
    embedded: try `paywall demo`, or `paywall serve` and then `buyer images`.
    """


@main.command()
@explained
def serve() -> None:
    """Serve the API, with the burn worker and, if no chain is configured, the devnet."""
    from paywall.cli.serving import serve as run

    run(configured())


@main.command()
@explained
def worker() -> None:
    """Run the worker alone, beside any number of `paywall serve` on one PostgreSQL."""
    from paywall.cli.serving import work

    work(configured())


@main.command()
@click.option("--upstream", required=True, help="The service behind it, such as http://127.0.0.1:9000.")
@click.option(
    "--config",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is sold and what is free (TOML); examples/prices.toml shows all of it.",
)
@click.option("--seconds", default=60.0, help="How long the service may take to begin its answer.")
@explained
def proxy(upstream: str, config: Path, seconds: float) -> None:
    """Serve the API in front of a service in any language, whose priced paths are paid for here."""
    from paywall.cli.proxying import proxy as run

    run(configured(), upstream, config, seconds=seconds)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="It asks nobody who he is.")
@click.option("--port", default=8405, show_default=True, type=click.IntRange(0, 65535))
@click.option("--network", default="devnet", show_default=True, envvar="PAYWALL_NETWORK")
@click.option("--project-id", default="", envvar="BLOCKFROST_PROJECT_ID", help="Blockfrost's.")
@click.option(
    "--chain-url", default="", envvar="PAYWALL_BLOCKFROST_URL", help="Another Blockfrost-shaped service."
)
@click.option(
    "--data-dir",
    default=Path(".paywall"),
    envvar="PAYWALL_DATA_DIR",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where it keeps what it settled.",
)
@explained
def facilitator(
    *, host: str, port: int, network: str, project_id: str, chain_url: str, data_dir: Path
) -> None:
    """Verify and settle x402 payments on Cardano for other sellers (scheme `exact`), without a key of one's own."""
    from paywall.cli.facilitating import facilitate
    from paywall.facilitator.opening import FacilitatorOptions

    facilitate(FacilitatorOptions(network, project_id, chain_url, data_dir), host, port)


@main.command()
@click.option(
    "--keep", is_flag=True, help="Keep what the last demo left (wallet, database, chain) and go on with it."
)
@explained
def demo(*, keep: bool) -> None:
    """Sell, pay, redeem, burn and prove, once, on embedded defaults."""
    from paywall.cli.demo import run

    sys.exit(run(keep=keep))


@main.command()
@explained
def devnet() -> None:
    """Run the devnet alone: Blockfrost's API over real ledger rules, and a faucet."""
    from paywall.devnet.child import run_alone

    run_alone(configured())


@main.command()
@explained
def migrate() -> None:
    """Bring the database's schema up to date. Stop every `paywall serve` and `paywall worker` of it first."""
    from paywall.cli.commands import migrate as run

    click.echo(run(configured()))


@main.group()
def token() -> None:
    """The custodial CREATE tokens; as many burn as credits are used."""


@token.command("mint")
@click.option("--supply", type=click.IntRange(1), help="How many; PAYWALL_SUPPLY by default.")
@click.option("--policy", type=click.Choice(["fixed", "native"]), help="PAYWALL_POLICY by default.")
@explained
def token_mint(supply: int | None, policy: str | None) -> None:
    """Mint the supply, once.

    Under `fixed` no more can ever be minted; under `native` the holder of the custodial key could.
    """
    from paywall.cli.commands import mint

    settings = configured()
    chosen = replace(settings, policy=policy or settings.policy)
    click.echo(f"minted in {mint(chosen, supply or settings.supply)}")
    if chosen.policy != settings.policy:
        click.echo(f"Run the server with PAYWALL_POLICY={chosen.policy}.")


@token.command("audit")
@explained
def token_audit() -> None:
    """Show from chain data alone what was minted and burned, and whether more can be; exit status 1 if it lies."""
    from paywall.cli.commands import audit_supply

    audit = audit_supply(configured())
    for line in audit.lines():
        click.echo(line)
    sys.exit(0 if audit.holds else EXIT_BROKEN)


@token.command("show")
@explained
def token_show() -> None:
    """Show the token and how its supply stands on chain."""
    from paywall.cli.commands import show_supply

    for name, value in show_supply(configured()).items():
        click.echo(f"{name:<10} {value}")


for command in (keygen, address, import_key):
    token.add_command(command)
main.add_command(keys)
main.add_command(refunds)
main.add_command(receipts)


@main.group()
def burns() -> None:
    """Burn batches that wait for a person."""


@burns.command("resume")
@explained
def burns_resume() -> None:
    """Bring parked batches back after a look at the chain: the same bytes first, new ones only when they expired.

    A batch is parked when a rollback deeper than PAYWALL_CONFIRMATIONS took what was final.
    """
    from paywall.cli.commands import resume_burns

    click.echo(f"{resume_burns(configured())} batches go on")


@main.command()
@click.option("--offline", is_flag=True, help="Leave out what needs the chain.")
@explained
def reconcile(*, offline: bool) -> None:
    """Check every invariant and print its figures; exit status 1 if one is broken."""
    from paywall.cli.commands import check_invariants

    held, lines = check_invariants(configured(), offline=offline)
    for line in lines:
        click.echo(line)
    sys.exit(0 if held else EXIT_BROKEN)
