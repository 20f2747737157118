"""`buyer pay URL`: any priced call on the web."""

from pathlib import Path
from typing import Any

import click

from buyer.cli.options import local, run


@click.command()
@local
@click.argument("url")
@click.option("-X", "--request", "method", metavar="METHOD", help="[default: GET, with --data POST]")
@click.option("-d", "--data", metavar="BODY", help="The body; JSON unless a header says otherwise.")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="May be repeated.")
@click.option(
    "--max-price",
    help="The most that may be paid, like 0.50 or '0.50 USD'; never more than the owner of the wallet allows."
    "  [default: what `buyer budget` allows, or 5.00 USD]",
)
@click.option("--by", type=click.Choice(["x402", "mpp", "ack"]), help="Pay in this dialect of 402 alone.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file for the answer.")
@click.option("--dry-run", is_flag=True, help="Say what would be paid, and how; sign and store nothing.")
def pay(
    *,
    url: str,
    method: str | None,
    data: str | None,
    headers: tuple[str, ...],
    max_price: str | None,
    by: str | None,
    out: Path | None,
    dry_run: bool,
    **given: Any,
) -> int:
    """Call URL, and pay if it answers 402: in x402, MPP or ACK-Pay, at a seller of any make.

    The same command again after a failure shows the same payment, and never pays twice.

    \b
    Example:
      buyer pay http://localhost:8402/report -d '{"town": "Bergen"}' --max-price 0.50
    """
    from buyer.cli.paid_call import PaidCall, read_headers

    price = max_price if max_price is None or " " in max_price else f"{max_price} USD"
    call = PaidCall(method or ("GET" if data is None else "POST"), url, data, read_headers(headers, data), by)
    if dry_run:
        return run(given, lambda commands: call.rehearse(commands, price))
    return run(given, lambda commands: call.pay(commands, price, out))
