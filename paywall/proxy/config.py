"""What a proxy sells and what it gives away, from a TOML file: pure.

[[resource]]                 # sold: what `Paywall.resource` takes, and where it is
id = "reports"
path = "/v1/reports/*"       # `*` at the end: everything below
methods = ["GET", "POST"]    # all but OPTIONS, where nothing is said
usd = "0.25"                 # or product = "…"; credits = 3

[[free]]                     # passed on unpaid; what is neither is 404
path = "/health"
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from paywall.errors import SetupError

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()+,=:@/-]*\*?")
_ODD = ("//", "\\", "%2f", "%5c", "%2e", "%25", ";")
_TERMS = {"usd": str, "product": str, "credits": int, "title": str, "validity_days": int, "seconds": int}
_TERMS |= {"max_body": int}
_PLACE = {"path": str, "methods": list}


@dataclass(frozen=True, slots=True)
class Place:
    """A path, or with `below` all that begins with it; no `methods` are all of them.

    What is `sold` holds a path in other letters and with a slash behind it, too: a service may read them as the same,
    and would be found by it in what is free. A browser's question before it asks (OPTIONS) is never sold.
    """

    path: str
    below: bool
    methods: frozenset[str]
    sold: bool

    def holds(self, method: str, path: str) -> bool:
        """`path` as it is spelled; `is_plain` has been asked of it."""
        if self.sold:
            if method == "OPTIONS" and method not in self.methods:
                return False
            own, path = self.path.lower().rstrip("/"), path.lower()
            there = path.startswith(f"{own}/") if self.below else path.rstrip("/") == own
        else:
            there = path.startswith(self.path) if self.below else path == self.path
        return there and (not self.methods or method in self.methods)


@dataclass(frozen=True, slots=True)
class Sold:
    """A resource at its place; `terms` are `Paywall.resource`'s."""

    id: str
    place: Place
    terms: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """What is sold counts before what is free, and in each the first that holds a path."""

    sold: tuple[Sold, ...]
    free: tuple[Place, ...]


def is_plain(raw_path: str) -> bool:
    """Whether a path has one reading: an upstream that tidies it up could find what is sold in what is free.

    No slash, dot or percent sign in percent-encoding, no control character, nothing that is no UTF-8, and no segment
    that begins with a space or ends with one or with a dot (`.` and `..` among them): some services leave these away.
    """
    lowered = raw_path.lower()
    if not lowered.startswith("/") or not lowered.isascii() or any(mark in lowered for mark in _ODD):
        return False
    try:
        read = unquote(raw_path, errors="strict")
    except UnicodeDecodeError:
        return False
    return read.isprintable() and not any(
        segment.endswith((".", " ")) or segment.startswith(" ") for segment in read.split("/")
    )


def read_config(document: Mapping[str, Any]) -> ProxyConfig:
    """Errors: SetupError that names the entry and the mend."""
    if unknown := document.keys() - {"resource", "free"}:
        raise SetupError(f"The proxy's file has [[resource]] and [[free]], and no {min(unknown)!r}.")
    sold = tuple(_sold(entry) for entry in _entries(document, "resource"))
    if not sold:
        raise SetupError("The proxy's file has no [[resource]]: it would sell nothing.")
    return ProxyConfig(sold, tuple(_free(entry) for entry in _entries(document, "free")))


def _entries(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    entries = document.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SetupError(f"The proxy's file has [[{name}]] in double brackets.")
    return entries


def _sold(entry: Mapping[str, Any]) -> Sold:
    where = f"The proxy's [[resource]] {entry.get('id', '?')!r}"
    _check(entry, {"id": str, **_TERMS, **_PLACE}, where)
    if "id" not in entry:
        raise SetupError(f"{where} has no id.")
    terms = {name: entry[name] for name in _TERMS if name in entry}
    return Sold(entry["id"], _place(entry, where, sold=True), terms)


def _free(entry: Mapping[str, Any]) -> Place:
    where = f"The proxy's [[free]] {entry.get('path', '?')!r}"
    _check(entry, _PLACE, where)
    return _place(entry, where, sold=False)


def _place(entry: Mapping[str, Any], where: str, *, sold: bool) -> Place:
    path, methods = entry.get("path", ""), frozenset(entry.get("methods", ()))
    if not _PATH.fullmatch(path) or not is_plain(path.removesuffix("*")):
        raise SetupError(f"{where} has no path such as /v1/reports or /v1/reports/*.")
    if path.endswith("*") and not path.endswith("/*"):
        raise SetupError(f"{where}: a `*` stands behind a slash, for all that is below.")
    if methods - METHODS:
        raise SetupError(f"{where}: its methods are of {', '.join(sorted(METHODS))}.")
    return Place(path.removesuffix("*"), path.endswith("*"), methods, sold)


def _check(entry: Mapping[str, Any], members: Mapping[str, type], where: str) -> None:
    for name, value in entry.items():
        if name not in members:
            raise SetupError(f"{where}: there is no {name!r}; it takes {', '.join(members)}.")
        if type(value) is not members[name]:
            raise SetupError(f"{where}: {name} is no {members[name].__name__}.")
