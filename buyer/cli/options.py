"""What all commands share: their options, and how an answer or an error is printed."""

import asyncio
import json as json_module
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from buyer.errors import BuyerError

if TYPE_CHECKING:
    from buyer.cli.commands import CommandResult, Commands

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_SELLER = "http://127.0.0.1:8402"


def common(command: F) -> F:
    """The options that every command takes."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Show every HTTP step on stderr."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
        click.option(
            "--passphrase-fd",
            envvar="BUYER_PASSPHRASE_FD",
            show_envvar=True,
            type=click.IntRange(0),
            metavar="N",
            help="Read the passphrase of an encrypted wallet from this file descriptor.  [default: asked]",
        ),
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


def run(given: dict[str, Any], work: "Callable[[Commands], Coroutine[Any, Any, CommandResult]]") -> int:
    """Do the work and print its answer, or its error: with --json always one object."""
    from buyer.cli.commands import Commands
    from buyer.cli.progress import progress_display

    as_json = given["as_json"]
    try:
        with progress_display(verbose=given["verbose"]) as progress:
            commands = Commands(
                given["seller"], given["wallet"], progress, os.environ, given["passphrase_fd"]
            )
            finished = asyncio.run(work(commands))
    except BuyerError as error:
        failure = {
            "code": error.code,
            "message": str(error),
            "hint": error.hint,
            "exit_code": error.exit_code,
        }
        if as_json:
            click.echo(json_module.dumps({"error": failure}))
        click.echo(f"buyer: {error}" + (f"\n{error.hint}" if error.hint else ""), err=True)
        return error.exit_code
    document, lines = finished.answer
    click.echo(json_module.dumps(document) if as_json else "\n".join(lines))
    return finished.exit_code
