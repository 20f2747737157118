"""The port to a ledger that judges without taking: every rule of phase 1, where such a ledger can be had."""

from typing import Protocol


class JudgedInvalid(Exception):
    """The ledger would refuse the transaction; the message is what it said."""


class Judge(Protocol):
    """Asked after our own rules, and not instead of them."""

    async def judge(self, raw: bytes) -> None:
        """Errors: JudgedInvalid; ChainUnavailable when it does not answer. Nothing is changed."""

    async def aclose(self) -> None:
        """Let go of the connections."""
