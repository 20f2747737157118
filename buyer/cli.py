"""The command line. It parses and prints; what the commands do is in `tasks.py`, imported when one is run."""

import asyncio
import json as json_module
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from buyer.errors import BuyerError

if TYPE_CHECKING:
    from buyer.imaging import Errand
    from buyer.tasks import Finished, Tasks

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_SELLER = "http://127.0.0.1:8402"
DEFAULT_MAX_PRICE = "5.00 USD"
INTERRUPTED = 130

EPILOG = """\b
Exit codes
  0  done
  2  wrong usage, or the wallet cannot be used
  3  over budget; nothing was paid
  4  the payment was refused
  5  the seller is unreachable or at fault, or the answer is still pending
  6  a proof does not hold
"""


def main() -> NoReturn:
    """The entry point of `buyer`."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; the same command goes on from here", err=True)
        code = INTERRUPTED
    sys.exit(code)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EPILOG
)
@click.version_option(package_name="paywall", prog_name="buyer")
def cli() -> None:
    """Buy metered API credits, use them, and prove that each use burned its token.

    \b
    First steps, against a seller on this machine:
      buyer images --credits 3 --generate 2 --out images
      buyer verify REDEMPTION_ID --wait
    """


def _common(command: F) -> F:
    """The options that every command takes."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Tell every HTTP step on stderr."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
        click.option(
            "--wallet",
            envvar="BUYER_WALLET",
            show_envvar=True,
            type=click.Path(path_type=Path, dir_okay=False),
            help="The wallet file.  [default: ~/.local/share/buyer/wallet.db]",
        ),
        click.option(
            "--seller",
            envvar="BUYER_SELLER",
            show_envvar=True,
            default=DEFAULT_SELLER,
            show_default=True,
            help="The seller's URL; https, or http on this machine.",
        ),
    ):
        command = option(command)
    return command


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
    default=DEFAULT_MAX_PRICE,
    show_default=True,
    help="The most that may be paid for the purchase, like 3.00 or '3.00 USD'.",
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


@cli.command()
@_common
@_credits
@click.option(
    "--generate", type=click.IntRange(0), default=2, show_default=True, help="How many images to make."
)
@_out
@_max_price
@click.option(
    "--name", "names", multiple=True, help="A 19th-century US president for an image; may be repeated."
)
@click.option("--prompt", "prompts", multiple=True, help="A prompt for an image; may be repeated.")
@click.option(
    "--wait-burns", is_flag=True, help="Wait until the burns are confirmed, and verify their proofs."
)
def images(
    credit_count: int,
    generate: int,
    out: Path,
    max_price: str,
    names: tuple[str, ...],
    prompts: tuple[str, ...],
    wait_burns: bool,
    **common: Any,
) -> int:
    """Buy credits, make images with some of them, and save the images.

    An interrupted run is finished by the same command: nothing is paid or used twice. Images without a name
    or a prompt show presidents at random.

    \b
    Examples:
      buyer images --credits 3 --generate 2 --out images
      buyer images --credits 10 --generate 1 --name "Abraham Lincoln" --max-price 5.00 --json
    """
    subjects = (*({"name": name} for name in names), *({"prompt": prompt} for prompt in prompts))
    return _run(
        common,
        lambda tasks: tasks.images(
            _errand(credit_count, generate, out, subjects), _price(max_price), wait_burns=wait_burns
        ),
    )


@cli.command()
@_common
@_credits
@_max_price
def buy(credit_count: int, max_price: str, **common: Any) -> int:
    """Buy credits and keep the receipt in the wallet.

    \b
    Example:
      buyer buy --credits 10 --max-price 5.00
    """
    return _run(common, lambda tasks: tasks.buy(credit_count, _price(max_price)))


@cli.command()
@_common
@_receipt
@click.option("--name", help="A 19th-century US president.")
@click.option("--prompt", help="What the image shall show.")
@_out
def generate(receipt_id: str | None, name: str | None, prompt: str | None, out: Path, **common: Any) -> int:
    """Use one credit of a receipt for one image.

    \b
    Example:
      buyer generate --name "Abraham Lincoln" --out images
    """
    if name is not None and prompt is not None:
        raise click.UsageError("--name and --prompt exclude each other")
    subject = {"name": name} if name is not None else {"prompt": prompt} if prompt is not None else {}
    return _run(common, lambda tasks: tasks.generate(receipt_id, _errand(1, 1, out, (subject,))))


@cli.command(name="credits")
@_common
@_receipt
def credits_(receipt_id: str | None, **common: Any) -> int:
    """Ask the seller what is left on a receipt."""
    return _run(common, lambda tasks: tasks.credits(receipt_id))


@cli.command()
@_common
def receipts(**common: Any) -> int:
    """List the receipts in the wallet."""
    return _run(common, lambda tasks: tasks.receipts())


@cli.command()
@_common
@click.argument("redemption_id")
@click.option("--wait", is_flag=True, help="Wait while the burn is not confirmed yet.")
def verify(redemption_id: str, wait: bool, **common: Any) -> int:
    """Check that the token of a redemption was burned: receipt, Merkle proof and chain.

    Nothing is taken on the seller's word: the promise is in the payment request that it signed, the burn in
    the bytes of the transaction on the chain. Exit code 6 when the proof does not hold, 5 while it is pending.
    """
    return _run(common, lambda tasks: tasks.verify(redemption_id, wait=wait))


@cli.group()
def wallet() -> None:
    """Make, fill and look at the wallet."""


@wallet.command()
@_common
@click.option(
    "--network",
    default="cardano:devnet",
    show_default=True,
    help="cardano:mainnet, :preprod, :preview, :devnet.",
)
def create(network: str, **common: Any) -> int:
    """Make a wallet with a new key. Whoever can read the file can spend what it holds."""
    return _run(common, lambda tasks: tasks.create_wallet(network))


@wallet.command()
@_common
def address(**common: Any) -> int:
    """Print the address that the wallet pays from."""
    return _run(common, lambda tasks: tasks.address())


@wallet.command()
@_common
def balance(**common: Any) -> int:
    """Show what the wallet holds, as the chain says."""
    return _run(common, lambda tasks: tasks.balance())


@wallet.command()
@_common
@click.option(
    "--ada", type=click.IntRange(2, 1_000_000), default=1000, show_default=True, help="How much to ask for."
)
def fund(ada: int, **common: Any) -> int:
    """Fill the wallet from the devnet's faucet."""
    return _run(common, lambda tasks: tasks.fund(ada * 1_000_000))


def _run(common: dict[str, Any], work: "Callable[[Tasks], Coroutine[Any, Any, Finished]]") -> int:
    """Do the work and print its answer, or its error: with --json always one object."""
    from buyer.story import tell  # noqa: PLC0415  keeps --help quick
    from buyer.tasks import Tasks  # noqa: PLC0415  keeps --help quick

    as_json = common["as_json"]
    try:
        with tell(verbose=common["verbose"]) as story:
            finished = asyncio.run(work(Tasks(common["seller"], common["wallet"], story)))
    except BuyerError as error:
        told = {"code": error.code, "message": str(error), "hint": error.hint, "exit_code": error.exit_code}
        if as_json:
            click.echo(json_module.dumps({"error": told}))
        click.echo(f"buyer: {error}" + (f"\n{error.hint}" if error.hint else ""), err=True)
        return error.exit_code
    told_answer, lines = finished.answer
    click.echo(json_module.dumps(told_answer) if as_json else "\n".join(lines))
    return finished.exit_code


def _errand(credit_count: int, generate: int, out: Path, subjects: tuple[dict[str, str], ...]) -> "Errand":
    from buyer.imaging import Errand  # noqa: PLC0415  keeps --help quick

    return Errand(credit_count, generate, out, subjects)


def _price(text: str) -> str:
    return text if " " in text else f"{text} USD"
