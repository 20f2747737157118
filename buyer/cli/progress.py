"""What the commands show while they work: a live display on a terminal, plain lines elsewhere; on stderr."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from buyer.cli.failing import said

if TYPE_CHECKING:
    from rich.status import Status


class Progress(Protocol):
    """What is shown while a command works, from entering it to leaving it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def say(self, line: str) -> None:
        """Something happened that the user wants to know."""

    def trace(self, line: str) -> None:
        """An HTTP step, shown when --verbose asks for it."""

    def aside(self) -> AbstractContextManager[object]:
        """While somebody is asked something at the same terminal."""


class PlainProgress:
    """One line on stderr for each thing that happens; a line that says the same again is left out."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._said = ""
        self._traced = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return

    def say(self, line: str) -> None:
        # Waiting says the same again and again; a log wants it once.
        if line != self._said:
            self._said = line
            said(line)

    def trace(self, line: str) -> None:
        if self._verbose and line != self._traced:
            self._traced = line
            said(line)

    def aside(self) -> AbstractContextManager[object]:
        return nullcontext()


class TerminalProgress:
    """Steps that are done stay on the screen; the one under way turns a spinner."""

    def __init__(self, *, verbose: bool) -> None:
        from rich.console import Console

        self._console: Console = Console(stderr=True, highlight=False, emoji=False)
        self._status: Status = self._console.status("at work")
        self._verbose = verbose
        self._last = ""

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._status.stop()

    def say(self, line: str) -> None:
        if line != self._last:
            self._last = line
            # Not as markup: the seller's words must not be able to colour or link anything.
            self._console.print(f"• {line}", markup=False)

    def trace(self, line: str) -> None:
        if self._verbose:
            self._console.print(line, markup=False, style="dim")

    @contextmanager
    def aside(self) -> Iterator[None]:
        self._status.stop()
        try:
            yield
        finally:
            self._status.start()


def progress_display(*, verbose: bool) -> Progress:
    """The display for where stderr goes."""
    return TerminalProgress(verbose=verbose) if sys.stderr.isatty() else PlainProgress(verbose=verbose)
