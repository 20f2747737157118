"""ACK Lab as a payment service: where it is, and what a payment option says that is paid there. Light to import."""

import re
from urllib.parse import urlsplit

from shared.loopback import is_loopback

#: the live service
URL = "https://api.ack-lab.com"
#: the `network` of a payment option that is paid there
NETWORK = "acklab"
CURRENCY, DECIMALS = "USD", 2
#: an agent's id becomes a part of a path
AGENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_-]{0,127}")


def is_service(url: str) -> bool:
    """Whether calls may go to `url`: https, plain http on this machine alone, and nothing behind the host.

    Who reads along could take a token, and hand it in again: what is signed has no time.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    bare = parts.username is None and not (parts.path.strip("/") or parts.query or parts.fragment)
    return bool(host) and bare and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
