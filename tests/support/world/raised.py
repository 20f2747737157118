"""Which refusals a function of the seller's can end in: read off the source, call by call.

An estimate that is made to be too large rather than too small: a call is followed to the class that an annotation
names, through a protocol to whatever has its methods, and, where nothing says which class it is, to the one method of
that name, if it is one. What an `except` takes is taken off.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paywall import errors
from paywall.errors import PaywallError
from tests.architecture.modules import ROOT

Refusals = frozenset[type[PaywallError]]
Function = ast.FunctionDef | ast.AsyncFunctionDef
#: of dicts, sets and such, and of the standard library's: they are nobody's flow
PLAIN = frozenset(
    {"get", "add", "close", "items", "keys", "values", "read", "pop", "append", "update", "write"}
)


@dataclass(frozen=True, eq=False)
class Module:
    name: str
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)  # a name here → "module.name"


@dataclass(frozen=True, eq=False)
class Kind:
    """A class: its methods, and the annotations of what it holds."""

    module: Module
    node: ast.ClassDef
    methods: dict[str, Function]
    holds: dict[str, ast.expr]

    @property
    def is_port(self) -> bool:
        return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in self.node.bases)


@cache
def modules() -> dict[str, Module]:
    return {module.name: module for module in map(_module, sorted((ROOT / "paywall").rglob("*.py")))}


def _module(path: Path) -> Module:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    found = Module(name, ast.parse(path.read_text("utf-8")))
    for node in found.tree.body:
        if isinstance(node, Function):
            found.functions[node.name] = node
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


@cache
def kinds() -> dict[str, Kind]:
    """By name: no two classes have one."""
    return {
        node.name: Kind(module, node, {m.name: m for m in node.body if isinstance(m, Function)}, _held(node))
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef)
    }


def _held(node: ast.ClassDef) -> dict[str, ast.expr]:
    """Attribute → annotation: fields, and what `__init__` takes and keeps."""
    held = {
        line.target.id: line.annotation
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            taken = {
                a.arg: a.annotation for a in (*method.args.args, *method.args.kwonlyargs) if a.annotation
            }
            for line in ast.walk(method):
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Name):
                    for target in filter(lambda t: isinstance(t, ast.Attribute), line.targets):
                        if line.value.id in taken:
                            held[target.attr] = taken[line.value.id]  # type: ignore[attr-defined] # filtered
    return held


def raised(owner: str, method: str) -> Refusals:
    """What a method of a class can end in."""
    kind = kinds()[owner]
    return _ends(kind.module, kind, kind.methods[method])


_ENDS: dict[Function, Refusals] = {}


def _ends(module: Module, kind: Kind | None, node: Function) -> Refusals:
    """Each is read once; a circle adds nothing."""
    if node not in _ENDS:
        _ENDS[node] = frozenset()
        _ENDS[node] = _Reader(module, kind, node).ends()
    return _ENDS[node]


class _Reader:
    """Reads one function."""

    def __init__(self, module: Module, kind: Kind | None, node: Function) -> None:
        self._module = module
        self._kind = kind
        self._body = node.body
        self._known = {a.arg: a.annotation for a in (*node.args.args, *node.args.kwonlyargs) if a.annotation}

    def ends(self) -> Refusals:
        return self._all(self._body)

    def _all(self, nodes: Iterable[ast.AST]) -> Refusals:
        return frozenset().union(*map(self._of, nodes))

    def _of(self, node: ast.AST) -> Refusals:
        if isinstance(node, ast.Try):
            body = self._all(node.body)
            for handler in node.handlers:
                body = frozenset(error for error in body if not issubclass(error, _caught(handler)))
            return body | self._all([*node.handlers, *node.orelse, *node.finalbody])
        if isinstance(node, ast.Raise):
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            error = _refusal(called)
            return (frozenset() if error is None else frozenset({error})) | self._all(
                ast.iter_child_nodes(node)
            )
        own: Refusals = frozenset()
        if isinstance(node, ast.Name | ast.Attribute):
            own = self._reached(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            own = _of_any(node.func.attr) if self._class_of(node.func.value) is None else own
        return own | self._all(ast.iter_child_nodes(node))

    def _reached(self, node: ast.Name | ast.Attribute) -> Refusals:
        """What a function that is named here ends in, whether it is called at once or handed on."""
        if not isinstance(node.ctx, ast.Load):
            return frozenset()
        if isinstance(node, ast.Name):
            return self._named(self._module.imports.get(node.id, f"{self._module.name}.{node.id}"))
        if isinstance(node.value, ast.Name) and node.value.id in self._module.imports:
            return self._named(f"{self._module.imports[node.value.id]}.{node.attr}")
        meant = self._meant(node.value, node.attr)
        return frozenset().union(*(_ends(kind.module, kind, kind.methods[node.attr]) for kind in meant))

    def _named(self, dotted: str) -> Refusals:
        place, _, name = dotted.rpartition(".")
        module = modules().get(place)
        if module is None or name not in module.functions:
            return frozenset()
        return _ends(module, None, module.functions[name])

    def _meant(self, value: ast.expr, method: str) -> list[Kind]:
        """The classes whose method is meant."""
        if isinstance(value, ast.Name) and value.id == "self" and self._kind is not None:
            return [self._kind] if method in self._kind.methods else []
        annotation = self._class_of(value)
        words = (
            {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)} if annotation else set()
        )
        found = [kind for name, kind in kinds().items() if name in words and method in kind.methods]
        return [one for kind in found for one in _behind(kind) if method in one.methods]

    def _class_of(self, value: ast.expr) -> ast.expr | None:
        """The annotation of a parameter, or of what `self` holds; `self` and modules are known without one."""
        if isinstance(value, ast.Name):
            known = value.id == "self" or value.id in self._module.imports
            return ast.Constant(None) if known else self._known.get(value.id)
        if isinstance(value, ast.Attribute) and self._kind is not None and ast.unparse(value.value) == "self":
            return self._kind.holds.get(value.attr)
        return None


def _of_any(method: str) -> Refusals:
    """What is called on something of which nothing says what it is: a method of that name, if there is one alone."""
    every = [kind for kind in kinds().values() if method in kind.methods and not kind.is_port]
    if len(every) != 1 or method in PLAIN:
        return frozenset()
    return _ends(every[0].module, every[0], every[0].methods[method])


def _behind(kind: Kind) -> list[Kind]:
    """The class itself, or all that have the methods of a protocol."""
    if not kind.is_port:
        return [kind]
    wanted = {name: _parameters(method) for name, method in kind.methods.items()}
    return [
        one
        for one in kinds().values()
        if not one.is_port and wanted == {n: _parameters(m) for n, m in one.methods.items() if n in wanted}
    ]


def _parameters(method: Function) -> list[str]:
    return [argument.arg for argument in (*method.args.args, *method.args.kwonlyargs)]


def _refusal(node: ast.expr | None) -> type[PaywallError] | None:
    found = getattr(errors, node.id, None) if isinstance(node, ast.Name) else None
    if isinstance(found, type) and issubclass(found, PaywallError) and found is not errors.SetupError:
        return found
    return None


def _caught(handler: ast.ExceptHandler) -> tuple[type[BaseException], ...]:
    """The refusals that a handler takes and does not raise again."""
    if handler.type is None or any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(handler)):
        return ()
    names = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return tuple(error for error in map(_refusal, names) if error is not None)
