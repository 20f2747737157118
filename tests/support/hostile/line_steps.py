"""How many lines of ours a call runs: what a loop over a stranger's bytes costs, counted and not timed."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from tests.architecture.modules import PACKAGES, ROOT

OURS = tuple(str(ROOT / package) for package in PACKAGES)


def lines_run(call: Callable[[], object]) -> int:
    """The lines of paywall/, buyer/ and shared/ that the call runs; a refusal counts as an end like any."""
    count = 0

    def on_event(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if event == "call" and not frame.f_code.co_filename.startswith(OURS):
            return None
        count += event == "line"
        return on_event

    former = sys.gettrace()
    sys.settrace(on_event)
    try:
        call()
    except ValueError:
        pass  # what strangers' bytes may meet
    finally:
        sys.settrace(former)
    return count
