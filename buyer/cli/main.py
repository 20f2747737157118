"""The command line. It parses and prints; what the commands do is in `commands.py`, imported when one is run."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from buyer.cli.agents import mcp_command
from buyer.cli.epilog import EPILOG
from buyer.cli.failing import failed
from buyer.cli.options import common, local, run
from buyer.cli.owner.purchases import purchases
from buyer.cli.owner.refund import refund
from buyer.cli.owner.sellers import sellers
from buyer.cli.owner.spending import approve, budget, history
from buyer.cli.pay import pay
from buyer.cli.receipt.receipts_group import give, receipts
from buyer.cli.wallet import wallet
from shared.cardano.lean import leave_backends_out

if TYPE_CHECKING:
    from buyer.cli.imaging import ImageOrder


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point of `buyer`; None takes the arguments of the process."""
    # pycardano's own checks of types double its import (1.1 s) and its drafts; our reader judges every byte anyway.
    os.environ.setdefault("PYCARDANO_NO_TYPE_CHECK", "1")
    leave_backends_out()
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(arguments, standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  whoever drives the command gets one object
        code = failed(error, as_json=as_json)
    sys.exit(code)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EPILOG
)
@click.version_option(package_name="paywall", prog_name="buyer")
def cli() -> None:
    """Buy metered API credits, use them, and prove that each use burned its token.

    \b
    First steps, against a seller on this machine:
      buyer wallet create
      buyer wallet fund
      buyer images --credits 3 --generate 2 --out images
      buyer verify REDEMPTION_ID --wait
    """


_credits = click.option(
    "--credits",
    "credit_count",
    type=click.IntRange(1, 1_000_000),
    default=3,
    show_default=True,
    help="How many to buy.",
)
_max_price = click.option(
    "--max-price",
    help="The most that may be paid for the purchase, like 3.00 or '3.00 USD'; never more than the owner of the"
    " wallet allows.  [default: what `buyer budget` allows, or 5.00 USD]",
)
_dry_run = click.option(
    "--dry-run", is_flag=True, help="Say what would be paid, and to whom; sign and pay nothing."
)
_out = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("images"),
    show_default=True,
    help="The folder for the images.",
)
_receipt = click.option(
    "--receipt", "receipt_id", help="The receipt's id, or its beginning.  [default: the newest]"
)
_used_receipt = click.option(
    "--receipt",
    "receipt_id",
    help="The receipt's id, or its beginning.  [default: the newest that has credits left]",
)


@cli.command()
@common
@_credits
@click.option(
    "--generate", type=click.IntRange(0), default=2, show_default=True, help="How many images to make."
)
@_out
@_max_price
@_dry_run
@click.option(
    "--name", "names", multiple=True, help="A 19th-century US president for an image; may be repeated."
)
@click.option("--prompt", "prompts", multiple=True, help="A prompt for an image; may be repeated.")
@click.option(
    "--wait-burns", is_flag=True, help="Wait until the burns are confirmed, and verify their proofs."
)
def images(
    *,
    credit_count: int,
    generate: int,
    out: Path,
    max_price: str | None,
    dry_run: bool,
    names: tuple[str, ...],
    prompts: tuple[str, ...],
    wait_burns: bool,
    **given: Any,
) -> int:
    """Buy credits, make images with some of them, and save the images.

    What was interrupted is finished by the same command: nothing is paid or used twice. Images without a name
    or a prompt show presidents at random.

    \b
    Examples:
      buyer images --credits 3 --generate 2 --out images
      buyer images --credits 10 --generate 1 --name "Abraham Lincoln" --max-price 5.00 --json
    """
    if dry_run:
        return run(given, lambda commands: commands.rehearse(credit_count, _price(max_price)))
    subjects = (*({"name": name} for name in names), *({"prompt": prompt} for prompt in prompts))
    return run(
        given,
        lambda commands: commands.images(
            _order(credit_count, generate, out, subjects), _price(max_price), wait_burns=wait_burns
        ),
    )


@cli.command()
@common
@_credits
@_max_price
@_dry_run
def buy(credit_count: int, max_price: str | None, dry_run: bool, **given: Any) -> int:
    """Buy credits and keep the receipt in the wallet.

    \b
    Example:
      buyer buy --credits 10 --max-price 5.00
    """
    if dry_run:
        return run(given, lambda commands: commands.rehearse(credit_count, _price(max_price)))
    return run(given, lambda commands: commands.buy(credit_count, _price(max_price)))


@cli.command()
@common
@_used_receipt
@click.option("--name", help="A 19th-century US president.")
@click.option("--prompt", help="What the image shall show.")
@_out
def generate(receipt_id: str | None, name: str | None, prompt: str | None, out: Path, **given: Any) -> int:
    """Use one credit of a receipt for one image.

    \b
    Example:
      buyer generate --name "Abraham Lincoln" --out images
    """
    if name is not None and prompt is not None:
        raise click.UsageError("--name and --prompt exclude each other")
    subject = {"name": name} if name is not None else {"prompt": prompt} if prompt is not None else {}
    return run(given, lambda commands: commands.generate(receipt_id, _order(1, 1, out, (subject,))))


@cli.command(name="credits")
@local
@_receipt
def credits_(receipt_id: str | None, **given: Any) -> int:
    """Ask the seller what is left on a receipt."""
    return run(given, lambda commands: commands.credits(receipt_id))


@cli.command()
@common
@click.argument("redemption_id")
@click.option("--wait", is_flag=True, help="Wait while the burn is not confirmed yet.")
def verify(redemption_id: str, wait: bool, **given: Any) -> int:
    """Check that the token of a redemption was burned: receipt, Merkle proof and chain.

    Of a use that another wallet made, or without a wallet, what a stranger can check is checked.
    Nothing is taken on the seller's word: the promise is in the payment request that it signed, the burn in
    the bytes of the transaction on the chain. Exit code 6 when the proof does not hold, 5 while it is
    pending.
    """
    return run(given, lambda commands: commands.verify(redemption_id, wait=wait))


@cli.command()
@common
@click.option("--token", help="Policy id and name in hex, with or without a dot.  [default: the seller's]")
@click.option(
    "--chain",
    "service",
    help="A Blockfrost-shaped service to ask, with BLOCKFROST_PROJECT_ID if it is set.",
)
def audit(token: str | None, service: str | None, **given: Any) -> int:
    """Show from chain data alone how many tokens were minted and burned, and whether more can be.

    With --token and --chain the seller is not even asked. Exit code 6 when something does not hold.

    \b
    Example:
      buyer audit
    """
    return run(given, lambda commands: commands.audit(token, service))


for command in (
    pay,
    refund,
    give,
    mcp_command,
    receipts,
    wallet,
    budget,
    approve,
    history,
    purchases,
    sellers,
):
    cli.add_command(command)


def _order(credit_count: int, generate: int, out: Path, subjects: tuple[dict[str, str], ...]) -> "ImageOrder":
    from buyer.cli.imaging import ImageOrder

    return ImageOrder(credit_count, generate, out, subjects)


def _price(text: str | None) -> str | None:
    return text if text is None or " " in text else f"{text} USD"
