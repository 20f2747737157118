"""One execution: the reader reads, and is at fault when it raises what it may not or takes too long."""

import time

from tests.fuzz.readers import FuzzedReader

# Far above what a reader takes on a busy machine, far below what a quadratic one takes for a few kilobytes.
SECONDS, SECONDS_PER_KILOBYTE = 0.1, 0.01
LOOKS = 3


class ReaderFault(Exception):
    """An untyped error, or too long a time for so few bytes."""


def judge(reader: FuzzedReader, data: bytes) -> None:
    """Errors: ReaderFault."""
    began = time.process_time()
    execute(reader, data)
    if time.process_time() - began > allowed(data):
        _look_again(reader, data)


def _look_again(reader: FuzzedReader, data: bytes) -> None:
    """A busy machine is slow once; a reader that is at fault is slow each time."""
    took = []
    for _ in range(LOOKS):
        began = time.process_time()
        execute(reader, data)
        took.append(time.process_time() - began)
    if min(took) > allowed(data):
        raise ReaderFault(f"{reader.name}: {len(data)} bytes take {min(took):.3f} s")


def allowed(data: bytes) -> float:
    """Seconds of processor time for these bytes."""
    return SECONDS + SECONDS_PER_KILOBYTE * len(data) / 1024


def execute(reader: FuzzedReader, data: bytes) -> None:
    """Errors: ReaderFault for an error that is no refusal of the reader's own."""
    try:
        reader.read(data)
    except reader.refusals:
        pass
    except Exception as error:
        raise ReaderFault(f"{reader.name}: {type(error).__name__} for {data!r}") from error
