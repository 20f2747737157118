"""Finds whatever implements a port, so that a contract suite leaves none out."""

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import TypeVar

from tests.support import outside

W = TypeVar("W")


def implementations(port: type, *rooms: ModuleType) -> list[str]:
    """The names of the classes in these packages, and in somebody else's, that have every method of `port`."""
    found = {kind.__name__ for room in (*rooms, outside) for kind in _classes(room) if _has(kind, port)}
    return sorted(found)


def way_of(ways: Mapping[str, W], name: str, suite: str) -> W:
    """How the suite opens the implementation `name`; without a way the suite fails, and says what to do."""
    assert name in ways, (
        f"{name} implements the port, and nobody tells how it keeps the contract: "
        f"say in WAYS in tests/contract/{suite}.py how it is opened."
    )
    return ways[name]


def _classes(room: ModuleType) -> Iterator[type]:
    yield from _defined_in(room)
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        yield from _defined_in(import_module(module.name))


def _defined_in(module: ModuleType) -> Iterator[type]:
    for kind in vars(module).values():
        if inspect.isclass(kind) and kind.__module__ == module.__name__:
            yield kind


def _has(kind: type, port: type) -> bool:
    """A method that is awaited in the port is awaited in what implements it."""
    wanted = {name: method for name, method in vars(port).items() if inspect.isfunction(method)}
    public = {name: method for name, method in wanted.items() if not name.startswith("_")}
    return not getattr(kind, "_is_protocol", False) and all(
        inspect.iscoroutinefunction(getattr(kind, name, None)) == inspect.iscoroutinefunction(method)
        and callable(getattr(kind, name, None))
        for name, method in public.items()
    )
