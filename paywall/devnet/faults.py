"""Faults that a test asks the devnet to commit on the next submits."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

SubmitFault = Literal["refuse", "error", "drop_before", "drop_after", "accept_then_error", "lose"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next `times` submits, each `delay_ms` milliseconds late.

    refuse: 400, not judged. error: 500, not judged. drop_before: the connection breaks, not judged.
    drop_after: accepted, then the connection breaks. accept_then_error: accepted, then 500.
    lose: answered like an accepted one, but no block will hold it. None: only late.
    """

    submit: SubmitFault | None = None
    times: int = 0
    delay_ms: int = 0

    @classmethod
    def parse(cls, body: Mapping[str, object]) -> "Fault":
        """Reads `{"submit", "times" (default 1), "delay_ms" (default 0)}`. Raises ValueError."""
        submit, times, delay = body.get("submit"), body.get("times", 1), body.get("delay_ms", 0)
        if submit is not None and submit not in get_args(SubmitFault):
            raise ValueError(f"submit is one of {', '.join(get_args(SubmitFault))}")
        if type(times) is not int or type(delay) is not int or times < 1 or delay < 0:
            raise ValueError("times and delay_ms are whole numbers, times at least 1")
        return cls(cast("SubmitFault | None", submit), times, delay)

    def used(self) -> "Fault":
        """What is left after one submit."""
        return replace(self, times=self.times - 1) if self.times > 1 else Fault()
