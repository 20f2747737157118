"""Nobody who asks the database for something waits for ever: he is told what became of it, or that it is closed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from paywall.errors import StorageUnavailable

#: what shares a commit at most: those that came first do not wait for ever
FULL_GROUP = 64
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


def in_thread(
    loop: asyncio.AbstractEventLoop,
    pool: ThreadPoolExecutor,
    fn: Callable[[*Arguments], T],
    *arguments: *Arguments,
) -> asyncio.Future[T]:
    """As `loop.run_in_executor`; StorageUnavailable, and nothing is run, once the pool is shut down."""
    try:
        return loop.run_in_executor(pool, fn, *arguments)
    except RuntimeError as error:
        future: asyncio.Future[T] = loop.create_future()
        future.set_exception(refused(error))
        return future


def refused(error: Exception) -> StorageUnavailable:
    """What is told where that happened."""
    refusal = StorageUnavailable()
    refusal.__cause__ = error
    return refusal


def settle(future: asyncio.Future[Any], result: Any = None, failure: BaseException | None = None) -> None:
    """Tell who waits for it."""
    if future.done():
        return  # its client went away; what was committed is found by its key
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
