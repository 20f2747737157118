"""A seller's address in its one spelling."""

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from buyer.errors import UsageError
from shared.loopback import is_loopback
from shared.text import clean

# A path in plain letters: never "//host", never "..".
_MOUNT = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){0,8}")
# Letters, digits, dashes, dots and underscores: what else comes out of an URL is no name of a host.
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
DEFAULT_PORTS = {"http": 80, "https": 443}


def seller_origin(url: str) -> str:
    """`https://host[:port][/path]` of a seller's URL; plain http on this machine only. UsageError otherwise.

    The path is where a seller is mounted in another app, in plain letters. One seller has one origin, however it is
    written: host in small letters and without the root's dot, no default port. `localhost` and `127.0.0.1` are two:
    they may lead to two programs.

    Over plain http anybody on the way can answer in the seller's name.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        # A lookalike in another alphabet shows itself in every message.
        host = _host((parts.hostname or "").encode("idna").decode())
    except ValueError as error:
        raise UsageError("seller_url", f"{clean(url)!r} is not a URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(
            "seller_url", f"{clean(url)!r} is not the URL of a seller", hint="Write https://host[:port]"
        )
    path = parts.path.rstrip("/")
    if parts.username is not None or parts.query or parts.fragment or not _MOUNT.fullmatch(path):
        raise UsageError(
            "seller_url", "a seller's URL has no user and no query", hint="Write https://host[:port][/path]"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            "seller_url", f"{host} is not on this machine, so it needs https", hint=f"Try https://{host}"
        )
    name = f"[{host}]" if ":" in host else host
    if port in {None, DEFAULT_PORTS[parts.scheme]}:
        return f"{parts.scheme}://{name}{path}"
    return f"{parts.scheme}://{name}:{port}{path}"


def _host(name: str) -> str:
    """The one way of writing a host; empty for what is none, ValueError for a wrong IPv6 address."""
    if ":" in name:
        address = IPv6Address(name)
        return "" if address.scope_id else address.compressed
    name = name.removesuffix(".").lower()
    return name if _HOST.fullmatch(name) else ""


def is_on_this_machine(origin: str) -> bool:
    return is_loopback(urlsplit(origin).hostname or "")
