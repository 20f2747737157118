"""What is asked of PostgreSQL at the same time, collected on the event loop and run together by one thread."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from paywall.database.engine import GroupFn, Item, Result
from paywall.database.settling import FULL_GROUP, in_thread, settle

Waiting = tuple[Any, asyncio.Future[Any]]


class Groups:
    """One group in flight at a time: what comes meanwhile is the next one."""

    def __init__(
        self,
        many: Callable[[GroupFn[Any, Any], Sequence[Any]], list[Any] | None],
        one: Callable[[GroupFn[Any, Any], Any], asyncio.Future[Any]],
    ) -> None:
        """`many` runs in the thread; where it gives None, `one` runs each item of the group."""
        self._many = many
        self._one = one
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="db-group")
        #: by their function, those that came first first
        self._waiting: dict[GroupFn[Any, Any], list[Waiting]] = {}
        self._busy = False

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
        done = in_thread(loop, self._thread, self._many, fn, [item for item, _ in group])
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
                settle(future, failure=failure)
            elif results is not None:
                settle(future, results[at])
            else:
                self._run_alone(fn, item, future)
        self._turn(loop)

    def _run_alone(self, fn: GroupFn[Any, Any], item: Any, future: asyncio.Future[Any]) -> None:
        """It runs to its end even when nobody waits for it any more."""

        def told(done: asyncio.Future[Any]) -> None:
            failure = done.exception()
            settle(future, None if failure is not None else done.result(), failure)

        self._one(fn, item).add_done_callback(told)

    def close(self) -> None:
        """What runs is answered; what waits, or comes later, is refused by `in_thread`."""
        self._thread.shutdown(wait=True)
