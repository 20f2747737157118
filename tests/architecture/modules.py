"""What the code imports, read from its source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("paywall", "buyer", "shared")


@dataclass(frozen=True)
class Module:
    """A module of ours: its dotted name and what it imports, wherever in the file."""

    name: str
    path: Path
    imports: frozenset[str]


@cache
def files(*packages: str) -> tuple[Path, ...]:
    return tuple(path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    return tuple(_module(path) for path in files(*packages))


@cache
def _module(path: Path) -> Module:
    return Module(name_of(path), path, frozenset(_imports(path)))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            # `from paywall.sales import store` imports the module paywall.sales.store
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top_level_imports(path: Path) -> set[str]:
    """What is imported when the module is, not inside its functions."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def within(name: str, *prefixes: str) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)
