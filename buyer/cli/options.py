"""What all commands share: their options, and how an answer or an error is printed."""

import asyncio
import json as json_module
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from buyer.cli.failing import failed, printed
from buyer.errors import BuyerError, UsageError
from shared.text import clean

if TYPE_CHECKING:
    from buyer.cli.commands import CommandResult, Commands

F = TypeVar("F", bound=Callable[..., Any])
#: characters of a line: a receipt, which is handed on whole, is the longest of them
LONGEST_PRINTED = 8192
DEFAULT_SELLER = "http://127.0.0.1:8402"


_DESCRIPTOR = click.IntRange(0, 2**31 - 1)  # a C int: nothing else is a descriptor

owner_fd_option = click.option(
    "--owner-fd",
    type=_DESCRIPTOR,
    metavar="N",
    help="Read the owner's passphrase from this file descriptor.  [default: asked at the terminal]",
)


def common(command: F) -> F:
    """The options that every command takes which asks a seller."""
    return _with_options(command, asks=True)


def local(command: F) -> F:
    """Those of a command that asks nobody. It takes the others as well, for scripts that give them to all."""
    return _with_options(command, asks=False)


def _with_options(command: F, *, asks: bool) -> F:
    for option in (
        click.option(
            "-v", "--verbose", is_flag=True, hidden=not asks, help="Show every HTTP step on stderr."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout."),
        click.option(
            "--passphrase-fd",
            envvar="BUYER_PASSPHRASE_FD",
            show_envvar=True,
            type=_DESCRIPTOR,
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
            hidden=not asks,
            help="The seller's URL; https, or http on this machine.",
        ),
    ):
        command = option(command)
    return command


def confirm(given: dict[str, Any], question: "Callable[[Commands], str]") -> None:
    """Ask the owner; UsageError `not_confirmed` unless the answer is yes, or when nobody can be asked."""
    from buyer.cli.commands import Commands
    from buyer.cli.progress import PlainProgress

    words = question(
        Commands(given["seller"], given["wallet"], PlainProgress(verbose=given["verbose"]), os.environ)
    )
    if given["as_json"] or not sys.stdin.isatty():
        raise UsageError("not_confirmed", words, hint="Nothing was changed. To answer yes, add --yes.")
    if not click.confirm(words, err=True):
        raise UsageError("not_confirmed", "nothing was changed")


def listed(context: click.Context, listing: Callable[[], int]) -> int:
    """What a group does: its listing, unless a command of its follows, which has options of its own.

    One that stands before the command would be passed over: the wrong wallet would be opened.
    """
    if context.invoked_subcommand is None:
        return listing()
    if any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in context.params):
        raise click.UsageError(f"options stand after {context.invoked_subcommand}, not before it")
    return 0


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
        return failed(error, as_json=as_json)
    document, lines = finished.answer
    text = (
        json_module.dumps(document) if as_json else "\n".join(clean(line, LONGEST_PRINTED) for line in lines)
    )
    return printed(text) or finished.exit_code
