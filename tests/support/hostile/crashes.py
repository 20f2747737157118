"""Crashes at will: the process dies before or after one of its calls to the outside."""

import inspect
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Crash(Exception):
    """The process died here. Nothing of ours catches it."""


class Crashes:
    """Counts the calls to everything it wraps. Number `at` (from 0) crashes, before or `after` it was done."""

    def __init__(self, at: int, *, after: bool) -> None:
        self._at = at
        self._after = after
        self._calls = 0
        self.name = ""

    @property
    def happened(self) -> bool:
        return self.name != ""

    def wrap(self, inner: T) -> T:
        return cast(T, _Wrapped(inner, self))

    async def call(self, name: str, member: Any, *args: Any, **kwargs: Any) -> Any:
        now = self._calls == self._at
        self._calls += 1
        if now and not self._after:
            self.name = f"before {name}"
            raise Crash(self.name)
        result = await member(*args, **kwargs)
        if now:
            self.name = f"after {name}"
            raise Crash(self.name)
        return result


class _Wrapped:
    def __init__(self, inner: Any, crashes: Crashes) -> None:
        self._inner = inner
        self._crashes = crashes

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(member):
            return member

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._crashes.call(name, member, *args, **kwargs)

        return call
