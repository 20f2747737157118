"""One name, one thing: no class or type twice anywhere, no module twice within a package but those of every room."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.architecture.modules import PACKAGES, ROOT, files

#: What a reader expects to find in a room by its folder alone, so that the folder tells which one it is.
ROOM_NAMES = frozenset(
    {
        # Python's own
        *("__init__", "__main__"),
        # a room's port, and what finds the implementations of it
        *("base", "registry"),
        # a room's statements and rows
        *("store", "tables", "records"),
        # how the settings make a rail, a database, a wallet; and what a rail stores with a payment
        *("opening", "settings", "state"),
        # what a resource's room brings, named like the port and the tree of errors that it extends
        *("errors", "fulfilment", "room"),
        # an ASGI app: the seller's, and the devnet's, which is another program
        "app",
    }
)
#: What a type is made of: `Literal[...]`, a union, `Callable[...]`, `tuple[...]`; a call or a value makes none.
TYPES = ast.Name | ast.Attribute | ast.Subscript
#: Sources of Plutus scripts: never imported, and named as the compiled script and its reader are.
SCRIPT_SOURCES = ROOT / "shared" / "cardano" / "policies"


def _twice(named: Iterable[tuple[str, Path]]) -> Mapping[str, list[str]]:
    """Where a name stands, for those that stand more than once."""
    places: dict[str, list[str]] = defaultdict(list)
    for name, path in named:
        places[name].append(str(path.relative_to(ROOT)))
    return {name: found for name, found in places.items() if len(found) > 1}


def _classes(tree: ast.Module) -> Iterable[str]:
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _is_a_type(value: ast.expr | None) -> bool:
    """Whether it reads as a type: one with brackets after a capital or a built-in, or several joined by `|`."""
    match value:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return all(isinstance(side, TYPES | ast.BinOp | ast.Constant) for side in (left, right))
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name)):
            return not name.isupper() and (
                name[0].isupper() or name in ("dict", "frozenset", "list", "set", "tuple")
            )
        case _:
            return False


def _aliases(tree: ast.Module) -> Iterable[str]:
    """The public types that a module names: `Name = Literal[...]`, `Name: TypeAlias = ...`."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_a_type(value):
                yield name


def test_no_two_classes_or_types_have_one_name() -> None:
    names = [
        (name, path)
        for path in files()
        for tree in [ast.parse(path.read_text("utf-8"))]
        for name in (*_classes(tree), *(name for name in _aliases(tree) if not name.startswith("_")))
    ]
    assert _twice(names) == {}


def test_no_two_modules_of_a_package_have_one_name_but_those_of_every_room() -> None:
    found = {
        package: _twice((path.stem, path) for path in files(package) if path.parent != SCRIPT_SOURCES)
        for package in PACKAGES
    }
    names = [(package, name) for package in PACKAGES for name in found[package] if name not in ROOM_NAMES]
    assert {name: found[package][name] for package, name in names} == {}


def test_no_module_is_a_stand_in_for_a_room_of_the_same_name() -> None:
    """`keys.py` beside `keys/` would be hidden by it."""
    assert [str(path.relative_to(ROOT)) for path in files() if path.with_suffix("").is_dir()] == []
