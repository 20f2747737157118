"""The port for image makers: a subject goes in, one finished picture comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

#: bytes that tell how long a picture is, between us and a process that draws for us
LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """What a buyer asked to see: a president by canonical name, or a prompt in their own words."""

    kind: Literal["name", "prompt"]
    text: str

    @property
    def prompt(self) -> str:
        """The text that a model is given."""
        if self.kind == "prompt":
            return self.text
        return (
            f"A portrait of {self.text}, president of the United States in the 19th century, in the manner "
            "of an engraving on a banknote of that time: head and shoulders, period dress, plain background, "
            "no text."
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture: the bytes of one complete file, and what its making used, as the maker reports."""

    data: bytes
    media_type: str
    usage: Mapping[str, Any]


class MakerRefused(Exception):
    """The maker's or the model's content policy refuses the subject. The credit is released."""


class MakerFailed(Exception):
    """No picture came. The credit is released; `retryable` says whether asking again may help.

    The message is for the operator's log: it never holds the prompt or a key.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        """Keep the operator's sentence and whether asking again may help."""
        super().__init__(message)
        self.retryable = retryable


class ImageMaker(Protocol):
    """Makes pictures. One instance serves many requests at once."""

    id: str

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        """Make one picture of `subject`.

        `safety_identifier` stands for the end user and is already a hash (at most 64 characters).
        Raises MakerRefused or MakerFailed, nothing else.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
