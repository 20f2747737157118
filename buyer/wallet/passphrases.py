"""Where passphrases come from: the terminal, or a file descriptor. Never an argument or a variable.

Arguments are shown by `ps`, variables by `/proc` and crash reports; what a descriptor gave is gone once read.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field

from buyer.errors import UsageError

MIN_LENGTH, MAX_BYTES = 12, 1024
STANDARD = 2


@dataclass
class PassphraseSource:
    """One passphrase of its kind: the line of `descriptor` (`option` names it), else asked for at the terminal."""

    descriptor: int | None
    option: str
    _line: str | None = field(default=None, repr=False)

    def ask(self, what: str) -> str:
        """The passphrase of `what`. UsageError `passphrase_missing` when nobody can be asked."""
        if self.descriptor is not None:
            if self._line is None:
                self._line = _first_line(self.descriptor, self.option)
            return self._line
        if not sys.stdin.isatty():
            message = f"the passphrase of the {what} is needed, and there is no terminal to ask at"
            raise UsageError(
                "passphrase_missing", message, hint=f"Run it at a terminal, or give {self.option} N."
            )
        import getpass

        return getpass.getpass(f"passphrase of the {what}: ")

    def choose(self, what: str) -> str:
        """A new passphrase, typed twice at the terminal; UsageError when it is short or differs."""
        chosen = self.ask(f"{what} (new, at least {MIN_LENGTH} characters)")
        if len(chosen) < MIN_LENGTH:
            raise UsageError("passphrase_short", f"a passphrase has at least {MIN_LENGTH} characters")
        if self.descriptor is None and self.ask(f"{what} (the same again)") != chosen:
            raise UsageError("passphrase_differs", "the two passphrases differ")
        return chosen


def _first_line(descriptor: int, option: str) -> str:
    line = bytearray()
    try:
        # Byte for byte: what follows the line is for somebody else.
        while len(line) < MAX_BYTES and (byte := os.read(descriptor, 1)) not in {b"", b"\n"}:
            line += byte
    except OSError as error:
        message = f"{option}: descriptor {descriptor} cannot be read: {error.strerror}"
        raise UsageError("passphrase_missing", message) from error
    if descriptor > STANDARD:
        with suppress(OSError):
            os.close(descriptor)  # nothing that we start can read on in it
    try:
        text = line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        raise UsageError("passphrase_missing", f"{option}: the passphrase is not UTF-8") from error
    if not text:
        raise UsageError("passphrase_missing", f"{option}: descriptor {descriptor} gave an empty line")
    return text
