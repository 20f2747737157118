"""The interpreter, set for a process that serves."""

import gc
import sys

#: For how long a thread that computes keeps the interpreter from others. Python's own 5 ms were added to each answer
#: that came while a thread made a burn's transaction, at each turn that the event loop had to wait for its lock.
SWITCH_SECONDS = 0.0005


def set_for_serving() -> None:
    """Once the seller stands; what burns are made with is loaded beside it."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what was loaded until now lives as long as the process: no need to look through it again
