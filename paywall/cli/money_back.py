"""`paywall refunds`: money that goes back, and what a person has to send."""

import click

from paywall.cli.explained import configured, explained


@click.group()
def refunds() -> None:
    """Credits that were given back, and their money."""


@refunds.command("list")
@click.option("--all", "whole", is_flag=True, help="Those that were sent, too.")
@explained
def refunds_list(*, whole: bool) -> None:
    """Show the refunds that are not sent: first what a person is to send, with whom and how much."""
    from paywall.cli.refund_commands import listed

    lines = listed(configured(), whole=whole)
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo("Nothing waits.", err=True)


@refunds.command("make")
@click.argument("receipt_id")
@click.option(
    "--credits", "credits", type=click.IntRange(1), help="So many; all that are available by default."
)
@click.option("--key", help="The same key makes one refund, however often it is given.")
@explained
def refunds_make(receipt_id: str, credits: int | None, key: str | None) -> None:
    """Give a receipt's unused credits back for their money, as its holder could.

    RECEIPT_ID is its jti, urn:uuid:….
    """
    from paywall.cli.refund_commands import make

    click.echo(make(configured(), receipt_id, credits, key))


@refunds.command("done")
@click.argument("refund_id")
@click.option("--transaction", required=True, help="What it was sent by, for your books and the holder.")
@explained
def refunds_done(refund_id: str, transaction: str) -> None:
    """Note that a person has sent a refund that no rail sends."""
    from paywall.cli.refund_commands import done

    click.echo(done(configured(), refund_id, transaction))
