"""Which hosts are this machine: nobody is on the way to them, and no proxy may be asked for them."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """`host` as it stands in a URL: a name, or an address, IPv6 with or without its brackets."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_secure(url: str) -> bool:
    """Whether nobody on the way reads what is sent to it: https, or http on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
