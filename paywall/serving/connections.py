"""How many connections there are, in all and of one client, and which one goes when there is no room."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from paywall.limits.networks import Client
from paywall.serving.settings import ServingSettings

log = logging.getLogger("paywall.serving")
REPORT_SECONDS = 60.0


class Connection(Protocol):
    """One that is open. `cut` ends it at once, `look` when it is past its time."""

    def cut(self) -> None: ...
    def look(self, now: float) -> None: ...


@dataclass(slots=True)
class Share:
    """What one client holds: how many are open, and those that wait for it, the longest wait first."""

    key: str
    most: int
    open: int = 0
    waiting: dict[Connection, None] = field(default_factory=dict)


class Connections:
    """The count, and the order in which connections wait for their clients.

    One *waits* that has no whole request under way: silent, half a head, half a body, idle; and one that does not
    read its answers. It goes when room is needed. One whose request is being answered never does. So silence,
    however much of it, shuts nobody out.
    """

    def __init__(
        self,
        limits: ServingSettings,
        most: int,
        trusted: Callable[[str], bool],
        client_at: Callable[[str], Client],
    ) -> None:
        """`most` in all; `trusted` proxies speak for many, and have no limit of their own."""
        self.most = most
        self._limits = limits
        self._trusted = trusted
        self._client_at = client_at
        self._shares: dict[str, Share] = {}
        self._waiting: dict[Connection, None] = {}
        self._open = 0
        self._refused = self._cut = 0
        self._report_at = 0.0

    def admit(self, address: str) -> Share | None:
        """The share of a new connection from there; None when it has to go at once."""
        share = self._share(address)
        if not self._has_room(share):
            self._refused += 1
            return None
        self._shares[share.key] = share
        share.open += 1
        self._open += 1
        return share

    def _has_room(self, share: Share) -> bool:
        if share.open >= share.most:
            return self._make_room(share.waiting)
        if self._open < self.most:
            return True
        # Who holds more than others makes room for himself; else who has kept us waiting longest.
        greedy = share.open * len(self._shares) > self.most
        return (greedy and self._make_room(share.waiting)) or self._make_room(self._waiting)

    def make_room(self, count: int) -> None:
        """Cut so many that wait: the process itself is out of descriptors."""
        while count and self._make_room(self._waiting):
            count -= 1

    def release(self, share: Share) -> None:
        """One of this share is closed."""
        self._open -= 1
        share.open -= 1
        if not share.open:
            self._shares.pop(share.key, None)

    def wait(self, share: Share, connection: Connection) -> None:
        """It waits for its client from now on; where it waits already, it keeps its place."""
        self._waiting[connection] = share.waiting[connection] = None

    def work(self, share: Share, connection: Connection) -> None:
        """It does not wait: its request is under way, or it is closed."""
        self._waiting.pop(connection, None)
        share.waiting.pop(connection, None)

    def report(self, now: float) -> None:
        """One line a minute, however many were turned away."""
        if now >= self._report_at and (self._refused or self._cut):
            log.warning(
                "no room: %d connections were refused and %d silent ones cut; %d are open",
                *(self._refused, self._cut, self._open),
            )
            self._refused = self._cut = 0
            self._report_at = now + REPORT_SECONDS

    def _share(self, address: str) -> Share:
        if self._trusted(address):
            return self._shares.get(address) or Share(address, self.most)
        client = self._client_at(address)
        most = self._limits.of_one(self.most, local=client.local)
        return self._shares.get(client.network) or Share(client.network, most)

    def _make_room(self, waiting: dict[Connection, None]) -> bool:
        connection = next(iter(waiting), None)
        if connection is None:
            return False
        self._cut += 1
        connection.cut()
        return True
