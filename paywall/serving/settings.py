"""The settings of the server: what one connection, one address and all of them together may take up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from paywall.settings import MAX_PORT

#: the operator's port of `paywall serve`; a worker has none of its own accord, for it may share the machine with one
SERVE_OPERATOR_PORT = 8404
BY_PROGRAM = -1
#: connections of one address that is not on loopback and no trusted proxy
PER_ADDRESS = 100
#: so many are enough for one process; each may hold a header block and a body, 128 KB
MOST = 4000
#: descriptors that are never given to connections: databases, chain clients, files
RESERVED = 200
TIMES = ("first_byte_seconds", "head_seconds", "body_seconds", "idle_seconds")


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """Limits that hold whatever proxy stands in front; times in seconds.

    `connections` 0: as many as descriptors allow, `MOST` at most. `connections_per_address` 0: `PER_ADDRESS`, and
    on loopback as many as in all; a figure counts for everybody but trusted proxies. `operator_port` -1: by program;
    0: none.
    """

    needs_chain: ClassVar[bool] = False
    embedded: ClassVar[str] = ""

    header_bytes: int = 65_536
    header_count: int = 100
    first_byte_seconds: int = 10
    head_seconds: int = 10
    body_seconds: int = 30
    idle_seconds: int = 15
    connections: int = 0
    connections_per_address: int = 0
    operator_host: str = "127.0.0.1"
    operator_port: int = BY_PROGRAM

    def most(self, descriptors: int) -> int:
        """Connections at once where a process may have so many descriptors: some are always left for the rest."""
        room = descriptors - min(RESERVED, descriptors // 2)
        return min(self.connections or MOST, room)

    def of_one(self, most: int, *, local: bool) -> int:
        """Connections of one address, of `most` in all."""
        return min(most, self.connections_per_address or (most if local else PER_ADDRESS))

    def operator_port_of(self, usual: int) -> int:
        """The operator's port of a program that has `usual` when nothing is set; 0 for none."""
        return usual if self.operator_port == BY_PROGRAM else self.operator_port

    def rules(self) -> Iterator[tuple[bool, str]]:
        for name in ("header_bytes", "header_count", *TIMES):
            yield getattr(self, name) >= 1, f"PAYWALL_{name.upper()} must be at least 1."
        for name in ("connections", "connections_per_address"):
            yield getattr(self, name) >= 0, f"PAYWALL_{name.upper()} cannot be negative."
        sentence = f"PAYWALL_OPERATOR_PORT must be from 0 to {MAX_PORT}, or -1."
        yield BY_PROGRAM <= self.operator_port <= MAX_PORT, sentence


SETTINGS = ServingSettings
