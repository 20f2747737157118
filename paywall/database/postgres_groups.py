"""What is asked of PostgreSQL at the same time, collected on the event loop and run together by one thread."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from paywall.database.engine import GroupFn, Item, Result

#: items of a group at most
FULL_GROUP = 64
Waiting = tuple[Any, asyncio.Future[Any]]


class Groups:
    """One group in flight at a time: what comes meanwhile is the next one."""

    def __init__(
        self,
        many: Callable[[GroupFn[Any, Any], Sequence[Any]], list[Any] | None],
        one: Callable[[GroupFn[Any, Any], Any], Awaitable[Any]],
    ) -> None:
        """`many` runs in the thread; where it gives None, `one` runs each item of the group."""
        self._many = many
        self._one = one
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="db-group")
        #: by their function, those that came first first
        self._waiting: dict[GroupFn[Any, Any], list[Waiting]] = {}
        self._busy = False
        self._alone: set[asyncio.Future[Any]] = set()

    async def transact_in_group(self, fn: GroupFn[Item, Result], item: Item) -> Result:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.setdefault(fn, []).append((item, future))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._turn, loop)
        return await future

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        fn = next(iter(self._waiting), None)
        if fn is None:
            self._busy = False
            return
        waiting = self._waiting.pop(fn)
        group, rest = waiting[:FULL_GROUP], waiting[FULL_GROUP:]
        if rest:
            self._waiting[fn] = rest  # behind the other functions
        done = loop.run_in_executor(self._thread, self._many, fn, [item for item, _ in group])
        done.add_done_callback(lambda results: self._answer(loop, fn, group, results))

    def _answer(
        self,
        loop: asyncio.AbstractEventLoop,
        fn: GroupFn[Any, Any],
        group: list[Waiting],
        done: asyncio.Future[list[Any] | None],
    ) -> None:
        failure = done.exception()
        results = None if failure is not None else done.result()
        for at, (item, future) in enumerate(group):
            if failure is not None:
                _settle(future, failure=failure)
            elif results is not None:
                _settle(future, results[at])
            else:
                self._run_alone(fn, item, future)
        self._turn(loop)

    def _run_alone(self, fn: GroupFn[Any, Any], item: Any, future: asyncio.Future[Any]) -> None:
        """It runs to its end even when nobody waits for it any more."""
        alone = asyncio.ensure_future(self._one(fn, item))
        self._alone.add(alone)

        def told(done: asyncio.Future[Any]) -> None:
            self._alone.discard(done)
            failure = done.exception()
            _settle(future, None if failure is not None else done.result(), failure)

        alone.add_done_callback(told)

    def close(self) -> None:
        self._thread.shutdown(wait=True)


def _settle(future: asyncio.Future[Any], result: Any = None, failure: BaseException | None = None) -> None:
    if future.done():
        return  # its client went away; what was committed is found by its key
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
