"""`paywall receipts`: who holds which credits, and taking them back."""

import click

from paywall.cli.explained import configured, explained


@click.group()
def receipts() -> None:
    """Receipts, their credits, and what became of them."""


@receipts.command("list")
@click.option("--revoked", is_flag=True, help="Those that are revoked, alone.")
@explained
def receipts_list(*, revoked: bool) -> None:
    """Show the receipts whose credits end last, one a line."""
    from paywall.cli.receipt.receipt_commands import listed

    lines = listed(configured(), revoked=revoked)
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo("There are none.", err=True)


@receipts.command("show")
@click.argument("receipt_id")
@explained
def receipts_show(receipt_id: str) -> None:
    """Show a receipt: its holder, its payment, and where each of its credits is.

    RECEIPT_ID is its jti, urn:uuid:….
    """
    from paywall.cli.receipt.receipt_commands import shown

    for name, value in shown(configured(), receipt_id).items():
        click.echo(f"{name:<10} {value}")


@receipts.command("revoke")
@click.argument("receipt_id")
@click.option("--reason", help="For your own books.")
@explained
def receipts_revoke(receipt_id: str, reason: str | None) -> None:
    """Take back what is left on a receipt, for good: nothing on it can be used any more.

    No money goes back: that is `paywall refunds make`, before. Its status list says from now on that it is revoked.
    """
    from paywall.cli.receipt.receipt_commands import revoke

    click.echo(revoke(configured(), receipt_id, reason))


@receipts.command("transfer")
@click.argument("receipt_id")
@click.option("--to", required=True, help="The receiver's did:key.")
@click.option(
    "--credits", "credits", type=click.IntRange(1), help="So many; all that are available by default."
)
@click.option("--key", help="The same key makes one gift, however often it is given.")
@explained
def receipts_transfer(receipt_id: str, to: str, credits: int | None, key: str | None) -> None:
    """Give a receipt's credits to another holder, as its own could; prints the new receipt, which is for the receiver.

    What is left stays on the old one.
    """
    from paywall.cli.receipt.receipt_commands import transfer

    said, receipt = transfer(configured(), receipt_id, to, credits, key)
    click.echo(said, err=True)
    click.echo(receipt)
