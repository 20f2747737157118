"""`paywall token keygen|address|import` and `paywall keys`: the custodial key and the seller's keys."""

from pathlib import Path

import click

from paywall.cli.explained import configured, explained


@click.command()
@explained
def keygen() -> None:
    """Make the custodial key in a new encrypted file, and print its address."""
    from paywall.cli.key_commands import make_custody_key

    path, address = make_custody_key(configured())
    click.echo(f"The key is in {path}; back it up.", err=True)
    click.echo(address)


@click.command()
@explained
def address() -> None:
    """Print the custodial wallet's address."""
    from paywall.cli.key_commands import custody_address

    click.echo(custody_address(configured()))


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@explained
def import_key(source: Path) -> None:
    """Take the custodial key from SOURCE into a new encrypted file, and print its address.

    SOURCE is a signing key of cardano-cli (PaymentSigningKeyShelley_ed25519) or a PEM file (PKCS#8).
    """
    from paywall.cli.key_commands import import_custody_key

    path, shown = import_custody_key(configured(), source)
    click.echo(f"The key is in {path}; delete {source} when a backup is made.", err=True)
    click.echo(shown)


@click.group()
def keys() -> None:
    """The keys that sign payment requests and receipts."""


@keys.command("list")
@explained
def list_keys() -> None:
    """List the seller's keys: the one that signs, and those that still verify."""
    from paywall.cli.key_commands import list_seller_keys

    for line in list_seller_keys(configured()):
        click.echo(line)


@keys.command()
@explained
def rotate() -> None:
    """Put a new key in the place of the seller's key file; it signs from the next start on.

    The old key verifies until the last receipt that it signed has expired. For a key in KMS or an HSM, make
    a new one there, name it in PAYWALL_SELLER_KEY and start again.
    """
    from paywall.cli.key_commands import rotate_seller_key

    chosen = configured()
    path, kept = rotate_seller_key(chosen)
    click.echo(
        f"{path} holds a new key, which signs from the next start on; the old one is in {kept}, to be deleted then."
    )
    if not chosen.public_url:
        click.echo(
            "Without PAYWALL_PUBLIC_URL this is a new identity: buyers that know the old one refuse it.",
            err=True,
        )
