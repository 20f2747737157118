"""The steps of a call: what whoever has the connection does, and gives back to go on."""

from collections.abc import Awaitable, Generator
from dataclasses import dataclass
from typing import Any

import httpx

from buyer.paying import answers
from buyer.paying.capped import cap
from buyer.seller.http import Reply

FIRST_POLL = 0.5


@dataclass(frozen=True, slots=True)
class ReadWhole:
    """A step: read this answer whole, its stream being capped, and give back the bytes."""

    response: httpx.Response


@dataclass(frozen=True, slots=True)
class Pause:
    """A step: wait so many seconds."""

    seconds: float


Step = httpx.Request | ReadWhole | Pause | Awaitable[Any]
Steps = Generator[Step, Any, Any]


def heard(response: httpx.Response) -> Generator[Step, bytes, Reply]:
    """What is judged: the body of a success is the caller's, and is left for him to read."""
    said = b"" if response.status_code in answers.SUCCESS else (yield ReadWhole(cap(response)))
    return Reply(response.status_code, response.headers, said)
