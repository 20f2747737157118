"""Where passphrases and PINs come from: the terminal, or a file descriptor. Never an argument or a variable.

Arguments are shown by `ps`, variables by `/proc` and crash reports; what a descriptor gave is gone once read.
"""

import os
import sys
from contextlib import suppress

from paywall.errors import SetupError

MIN_LENGTH, MAX_BYTES = 12, 1024
STANDARD = 2


class Passphrases:
    """One line of the descriptor opens every key; at the terminal each is asked for."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` below 0: there is none."""
        self._descriptor = descriptor
        self._line: str | None = None

    def ask(self, what: str) -> str:
        """The secret that opens `what`. Errors: SetupError when nobody can be asked."""
        if self._descriptor >= 0:
            if self._line is None:
                self._line = _first_line(self._descriptor)
            return self._line
        if not sys.stdin.isatty():
            raise SetupError(
                f"The {what} is needed: run at a terminal, or name a descriptor in PAYWALL_PASSPHRASE_FD."
            )
        import getpass

        return getpass.getpass(f"{what}: ")

    def choose(self, what: str) -> str:
        """A new passphrase, typed twice at the terminal. Errors: SetupError when it is short or differs."""
        chosen = self.ask(f"new {what}")
        if len(chosen) < MIN_LENGTH:
            raise SetupError(f"The passphrase must have at least {MIN_LENGTH} characters.")
        if self._descriptor < 0 and self.ask(f"the same {what} again") != chosen:
            raise SetupError("The two passphrases differ.")
        return chosen


def _first_line(descriptor: int) -> str:
    line = bytearray()
    try:
        # Byte for byte: what follows the line is for somebody else.
        while len(line) < MAX_BYTES and (byte := os.read(descriptor, 1)) not in {b"", b"\n"}:
            line += byte
    except OSError as error:
        raise SetupError(
            f"PAYWALL_PASSPHRASE_FD: descriptor {descriptor} cannot be read: {error.strerror}."
        ) from error
    if descriptor > STANDARD:
        with suppress(OSError):
            os.close(descriptor)  # nothing that we start can read on in it
    try:
        text = line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        raise SetupError("PAYWALL_PASSPHRASE_FD: the passphrase is not UTF-8.") from error
    if not text:
        raise SetupError(f"PAYWALL_PASSPHRASE_FD: descriptor {descriptor} gave an empty line.")
    return text
