"""Who counts as one client: an IPv4 address, or the /64 of an IPv6 one, for every line is given that many."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

IPV6_PREFIX = 64
#: addresses that are remembered as they were read
REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Client:
    """`network` is what is counted; `local` is loopback or a socket without an address."""

    network: str
    local: bool


@lru_cache(REMEMBERED)
def client_at(address: str) -> Client:
    """The client at an address in text; what is none came over a Unix socket or from a test."""
    found = _read(address)
    if found is None:
        return Client("local", local=True)
    if isinstance(found, IPv6Address):
        network = ip_network((int(found), IPV6_PREFIX), strict=False)
        return Client(str(network), found.is_loopback)
    return Client(str(found), found.is_loopback)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """With or without a port, as proxies write them; an IPv4 address in IPv6's clothes is one of IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


class TrustedProxies:
    """The proxies whose X-Forwarded-For is believed. From anybody else it is anybody's invention."""

    def __init__(self, text: str) -> None:
        """Addresses and networks with commas between them; ValueError for what is neither."""
        self._networks = [ip_network(one.strip(), strict=False) for one in text.split(",") if one.strip()]

    @classmethod
    def readable(cls, text: str) -> bool:
        try:
            cls(text)
        except ValueError:
            return False
        return True

    def __contains__(self, address: str) -> bool:
        found = _read(address) if self._networks else None
        return found is not None and any(found in network for network in self._networks)

    def client(self, peer: str, forwarded: Iterable[str]) -> Client:
        """Who asks, when `peer` connects and sent these X-Forwarded-For lines.

        Each proxy appends whom it heard; so the last that is no proxy of ours is the one that ours saw, and
        what stands before it is what that one made up.
        """
        if peer not in self:
            return client_at(peer)
        rest, known = ",".join(forwarded), peer
        while rest:
            rest, _, last = rest.rpartition(",")
            if _read(last) is None:
                break
            known = last
            if last not in self:
                break
        return client_at(known)
