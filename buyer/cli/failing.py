"""How a command fails: a sentence on stderr, one JSON object on stdout where it was asked for, an exit code."""

import json
import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from buyer.errors import BuyerError, UsageError

OWN_FAULT = 1
INTERRUPTED = 130
#: what a shell shows for a tool that SIGPIPE ended
READER_GONE = 141
PRINTED = 0


def failed(error: BaseException, *, as_json: bool) -> int:
    """Tell what went wrong, usage and faults of our own included; the exit code."""
    failure = _failure(error)
    _complain(error, failure)
    if as_json:
        printed(json.dumps({"error": failure}))
    code = failure["exit_code"]
    assert isinstance(code, int)
    return code


def printed(answer: str) -> int:
    """Print on stdout; the exit code when that fails, for a disk that is full or a reader that went away."""
    try:
        click.echo(answer)
    except BrokenPipeError:
        # `buyer history | head`: who read has had enough, and a shell's own tools say nothing either.
        _let_go(sys.stdout)
        return READER_GONE
    except OSError as error:
        _let_go(sys.stdout)
        said(f"buyer: the answer cannot be printed: {error.strerror}")
        return OWN_FAULT
    return PRINTED


def said(line: str) -> None:
    """Print on stderr. A log on a full disk is no reason to stop in the middle of a payment."""
    try:
        click.echo(line, err=True)
    except OSError:
        _let_go(sys.stderr)


def _let_go(stream: TextIO) -> None:
    """What is left in it is not tried again when the process ends, which would have an exit code of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _failure(error: BaseException) -> dict[str, object]:
    match error:
        case BuyerError():
            failure = _object(error.code, str(error), error.hint, error.exit_code)
            theirs = {"seller_says": error.seller_says, "chain_says": error.chain_says}
            return failure | {name: words for name, words in theirs.items() if words}
        case click.Abort() | KeyboardInterrupt():
            return _object("interrupted", "interrupted", "The same command goes on from here.", INTERRUPTED)
        case click.ClickException():
            return _object("usage", error.format_message(), "See: buyer --help", error.exit_code)
        case UnicodeEncodeError():
            # An argument of the caller's: what strangers say is checked where it comes in.
            return _object("usage", "an argument is not UTF-8", "See: buyer --help", UsageError.exit_code)
        case OSError():
            where = "" if error.filename is None else f" ({error.filename})"
            hint = "What was begun is kept; the same command goes on."
            return _object("io_failed", f"{error.strerror or error}{where}", hint, OWN_FAULT)
    hint = "It is a fault of buyer's own. What was begun is kept; the same command goes on."
    return _object("internal_error", f"{type(error).__name__}", hint, OWN_FAULT)


def _object(code: str, message: str, hint: str, exit_code: int) -> dict[str, object]:
    return {"code": code, "message": message, "hint": hint, "exit_code": exit_code}


def _complain(error: BaseException, failure: dict[str, object]) -> None:
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return
    if failure["code"] == "internal_error":
        sys.excepthook(type(error), error, error.__traceback__)
    if failure["code"] == "interrupted":
        said("interrupted; the same command goes on from here")
        return
    said(f"buyer: {failure['message']}" + (f"\n{failure['hint']}" if failure["hint"] else ""))
    for name in ("seller_says", "chain_says"):
        if theirs := failure.get(name):
            words = _once(theirs) if isinstance(theirs, dict) else [str(theirs)]
            said(f"The {name.removesuffix('_says')} says: {', '.join(words)}")


def _once(theirs: dict[str, object]) -> list[str]:
    """A refusal's words, each once: many a detail repeats its title, and a nameless one says nothing but its status."""
    status = theirs.get("status")
    words = {
        str(word).rstrip("."): str(word)
        for word in theirs.values()
        if word not in {f"http_{status}", f"HTTP status {status}"}
    }
    return list(words.values())
