"""Which hosts are this machine: nobody is on the way to them, and no proxy may be asked for them."""

import ipaddress


def is_loopback(host: str) -> bool:
    """`host` as it stands in a URL: a name, or an address, IPv6 with or without its brackets."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
