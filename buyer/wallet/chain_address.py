"""Where a chain service is: the one reading of such URLs, for whatever is fetched from there. Pure."""

import re
from dataclasses import dataclass

from shared.loopback import is_loopback
from shared.text import clean

_HIGHEST_PORT = 65_535
_API = "/api/v0"
# The whole of a URL in plain letters. What is not in here does not exist: users, queries, fragments, "//", "..",
# escapes, a second port. So no two readers can find two different hosts in one text.
_FORM = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:]{2,39}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){0,8})/?"
)


class ChainAddressError(ValueError):
    """Not the URL of a chain service."""


@dataclass(frozen=True, slots=True)
class ChainAddress:
    """A chain service: `root` is scheme, host and port; `path` begins with a slash or is empty."""

    root: str
    path: str
    encrypted: bool
    on_this_machine: bool

    @classmethod
    def parse(cls, text: str) -> "ChainAddress":
        """Read `http[s]://host[:port][/path]`; ChainAddressError for anything more, less or otherwise written."""
        match = _FORM.fullmatch(text)
        if match is None or int(match["port"] or 1) > _HIGHEST_PORT:
            raise ChainAddressError(f"{clean(text)!r} is not http[s]://host[:port][/path] in plain letters")
        host = match["host"].lower()
        root = f"{match['scheme']}://{host}" + (f":{match['port']}" if match["port"] else "")
        return cls(root, match["path"], match["scheme"] == "https", is_loopback(host))

    @property
    def url(self) -> str:
        """What the Blockfrost-shaped questions are asked below."""
        return self.root + self.path

    @property
    def devnet(self) -> str:
        """What a devnet's own calls (its faucet) are below, beside the Blockfrost-shaped ones."""
        return self.root + self.path.removesuffix(_API) + "/devnet"
