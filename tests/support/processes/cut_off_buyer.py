"""`python -m tests.support.processes.cut_off_buyer …`: a buyer's process of its own, which may be killed at a point.

It uses the wallet's newest receipt once for each name, all side by side, and prints a redemption id a line.
"""

import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import httpx

from buyer.client import BuyerClient
from buyer.purchase import receipts
from buyer.redemptions import under_way
from buyer.redemptions.under_way import UnderWay
from buyer.wallet.file import Wallet
from tests.support.hostile.shop import nobody
from tests.support.hostile.transport import Unreliable

#: never: kill -9 when no request, or every answer, has arrived; when that is noted as well; when every caller has his;
#: when all but the first have theirs, whose request never arrives; never, but it waits to be killed behind the answers
POINTS = ("end", "unsent", "arrived", "noted", "answered", "first unsent", "waiting")
ROOT = Path(__file__).parents[3]


def start(
    wallet: Path, url: str, *names: str, point: str = "end", copy: Path | None = None
) -> subprocess.Popen[str]:
    """With `copy` the wallet's file is copied there just before it is killed."""
    more = [] if copy is None else ["--copy", str(copy)]
    command = [sys.executable, "-m", "tests.support.processes.cut_off_buyer", str(wallet), url, *names]
    return subprocess.Popen([*command, "--point", point, *more], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str], *, killed: bool = False) -> list[str]:
    """The redemption ids that it told of."""
    told, _ = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if killed else 0)
    return [json.loads(line)["redemption_id"] for line in told.splitlines()]


class _Counted:
    """Does it at the POST of that number."""

    def __init__(self, number: int, do: Callable[[], None]) -> None:
        self._left = number
        self._do = do

    def __call__(self, request: httpx.Request) -> None:
        if request.method == "POST":
            self._left -= 1
            if self._left == 0:
                self._do()


class _Stuck(httpx.AsyncHTTPTransport):
    """Its first POST never leaves."""

    def __init__(self) -> None:
        super().__init__()
        self._first = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and self._first:
            self._first = False
            await asyncio.Event().wait()
        return await super().handle_async_request(request)


async def _use(wallet: Wallet, url: str, names: tuple[str, ...], point: str, copy: Path | None) -> None:
    def die() -> None:
        if point == "noted":
            UnderWay.of(wallet).note()
        if copy is not None:
            shutil.copyfile(wallet.path, copy)
            copy.chmod(0o600)
        os.kill(os.getpid(), signal.SIGKILL)

    kill = _Counted(len(names), die)
    before, after = kill if point == "unsent" else nobody, kill if point in {"arrived", "noted"} else nobody
    inner = _Stuck() if point == "first unsent" else httpx.AsyncHTTPTransport()
    transport = Unreliable(inner, before=before, after=after)
    client = BuyerClient(url, wallet=wallet, environment={}, transport=transport)
    receipt = wallet.transact(receipts.every)[0]
    await client.first_cost()  # meets the seller, which the wallet notes
    uses = [asyncio.ensure_future(client.redeem(receipt, {"name": name})) for name in names]
    for use in itertools.islice(asyncio.as_completed(uses), len(names) - (point == "first unsent")):
        print(json.dumps({"redemption_id": (await use).redemption_id}), flush=True)
    if point in {"answered", "first unsent"}:
        die()
    if point == "waiting":
        signal.pause()


@click.command()
@click.argument("wallet", type=click.Path(path_type=Path))
@click.argument("url")
@click.argument("names", nargs=-1)
@click.option("--point", type=click.Choice(POINTS), default="end")
@click.option("--copy", type=click.Path(path_type=Path))
def main(wallet: Path, url: str, names: tuple[str, ...], point: str, copy: Path | None) -> None:
    """Use, and end without closing anything."""
    if point != "end":
        under_way.NOTE_SECONDS = 60.0  # whatever is killed has not been noted by the clock
    asyncio.run(_use(Wallet.open(wallet), url, names, point, copy))


if __name__ == "__main__":
    main()
