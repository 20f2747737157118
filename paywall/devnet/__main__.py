"""`python -m paywall.devnet`: what `paywall serve` starts as a child process."""

import os
from pathlib import Path

import click

from paywall.devnet.ledger.node import LedgerUnavailable
from paywall.devnet.saved_chain import StateInUse


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", default=8403, show_default=True, help="Port; 0 takes a free one.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".paywall/devnet"),
    show_default=True,
    help="Where the chain is kept.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the ledger rules are installed; in the data directory by default.",
)
@click.option("--block-seconds", default=1.0, show_default=True, help="Time between blocks; 0: on demand.")
@click.option("--exit-with-parent", is_flag=True, help="End when stdin ends.")
def main(
    *, host: str, port: int, data_dir: Path, cache: Path | None, block_seconds: float, exit_with_parent: bool
) -> None:
    """Serve a Cardano devnet in Blockfrost's shapes, under the ledger rules of scalus."""
    import uvloop

    os.umask(0o077)  # whatever else this process comes to write
    from paywall.devnet.server import serve

    try:
        uvloop.run(
            serve(
                host=host,
                port=port,
                data_dir=data_dir,
                cache=cache or data_dir,
                block_seconds=block_seconds,
                announce=lambda url: click.echo(f"devnet listening on {url}"),
                exit_with_parent=exit_with_parent,
            )
        )
    except (LedgerUnavailable, ValueError, OSError, StateInUse) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m paywall.devnet")
