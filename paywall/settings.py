"""What the seller can be set to: one frozen object, every setting with its default, and the rules that it keeps."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from paywall.errors import SetupError
from paywall.rooms import RoomSettings, room_settings

NETWORKS = ("devnet", "preprod", "preview", "mainnet")
#: confirmations by network; the block that holds a transaction counts as one
CONFIRMATIONS = {"devnet": 2, "preprod": 6, "preview": 6, "mainnet": 20}
#: k of each network: a node rolls back so many blocks and no more
FINAL_DEPTH = {"devnet": 2160, "preprod": 2160, "preview": 432, "mainnet": 2160}
MAX_PORT = 65535
#: stands for the network's own
DEFAULT_BATCH_SECONDS = -1
BATCH_SECONDS = {"devnet": 1, "preprod": 60, "preview": 60, "mainnet": 60}
#: how long a burn transaction may land; the devnet makes a block every second
EXPIRY_SLOTS = {"devnet": 120, "preprod": 7200, "preview": 7200, "mainnet": 7200}
#: a transaction that is not in a block is handed in again after this long
RESUBMIT_SECONDS = {"devnet": 3, "preprod": 60, "preview": 60, "mainnet": 60}
#: settings that must be at least 1
COUNTS = ("request_seconds", "supply", "batch_size", "batches_in_flight", "burn_backlog", "max_fee")
BLOCKFROST_URL = "https://cardano-{network}.blockfrost.io/api/v0"

R = TypeVar("R", bound=RoomSettings)


def named(variable: str) -> Any:
    """A text whose variable has a vendor's own name."""
    return field(default="", metadata={"variable": variable})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. `environment.py` names the variables; README lists them (a test compares)."""

    host: str = "127.0.0.1"
    port: int = 8402
    public_url: str = ""
    data_dir: str = ".paywall"
    custody_key: str = ""
    seller_key: str = ""
    passphrase_fd: int = -1
    database_url: str = named("DATABASE_URL")
    catalog: str = ""
    rails: str = "cardano"
    request_seconds: int = 900
    network: str = "devnet"
    blockfrost_project_id: str = named("BLOCKFROST_PROJECT_ID")
    blockfrost_url: str = ""
    devnet_port: int = 8403
    devnet_block_seconds: float = 1.0
    confirmations: int = 0
    final_depth: int = 0
    policy: str = "native"
    supply: int = 1_000_000
    batch_size: int = 1000
    batch_seconds: int = DEFAULT_BATCH_SECONDS
    batches_in_flight: int = 16
    burn_backlog: int = 100_000
    low_water: int = 1000
    max_fee: int = 1_000_000
    log: str = "plain"
    #: those of rails and products, as far as they differ from their defaults; read them with `room`
    room_settings: tuple[RoomSettings, ...] = ()

    @classmethod
    def from_environment(cls) -> "Settings":
        """As the process's environment has them. Errors: SetupError."""
        from paywall.environment import read_settings

        return read_settings()

    def __repr__(self) -> str:
        return f"Settings(network={self.network!r}, port={self.port})"  # never a key

    @property
    def chain_network(self) -> str:
        return f"cardano:{self.network}"

    @property
    def needs_chain(self) -> bool:
        """Whether anything asks the chain: the burns, or a rail on offer whose room says so."""
        offered = {name.strip() for name in self.rails.split(",")}
        rooms = {own.__module__.split(".")[-2] for own in room_settings() if own.needs_chain}
        return self.policy != "none" or bool(offered & rooms)

    @property
    def embedded_chain(self) -> bool:
        return self.network == "devnet" and not self.blockfrost_url and self.needs_chain

    @property
    def chain_url(self) -> str:
        if self.blockfrost_url:
            return self.blockfrost_url
        if self.network == "devnet":
            return f"http://127.0.0.1:{self.devnet_port}/api/v0"
        return BLOCKFROST_URL.format(network=self.network)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'paywall.db'}"

    @property
    def folder(self) -> Path:
        return Path(self.data_dir).expanduser().absolute()

    @property
    def required_confirmations(self) -> int:
        return self.confirmations or CONFIRMATIONS[self.network]

    @property
    def required_final_depth(self) -> int:
        """Never less than what settles a payment."""
        return max(self.final_depth or FINAL_DEPTH[self.network], self.required_confirmations)

    @property
    def burn_batch_seconds(self) -> int:
        return self.batch_seconds if self.batch_seconds >= 0 else BATCH_SECONDS[self.network]

    @property
    def burn_expiry_slots(self) -> int:
        return EXPIRY_SLOTS[self.network]

    @property
    def tick_seconds(self) -> float:
        """How often the worker looks at the chain."""
        return 0.25 if self.network == "devnet" else 5.0

    @property
    def resubmit_seconds(self) -> int:
        return RESUBMIT_SECONDS[self.network]

    @property
    def service_url(self) -> str:
        """Where clients reach us; from the settings alone, for a Host header can be forged."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    def room(self, kind: type[R]) -> R:
        """The settings that a room brought."""
        return next((own for own in self.room_settings if isinstance(own, kind)), kind())

    def embedded_parts(self) -> list[str]:
        """What stands in for a part that is not set. What a product embeds is refused on mainnet where it is sold."""
        return [*_embedded(self), *filter(None, (self.room(kind).embedded for kind in room_settings()))]


def _embedded(settings: Settings) -> list[str]:
    own = {"devnet": settings.embedded_chain, "SQLite": settings.database.startswith("sqlite")}
    return [part for part, there in own.items() if there]


def check(settings: Settings) -> None:
    """Errors: SetupError for what cannot be, from wherever the settings come."""
    rooms, given = room_settings(), [type(one) for one in settings.room_settings]
    if not set(given) <= set(rooms) or len(set(given)) < len(given):
        raise SetupError("`room_settings` takes one object for each room that has settings.")
    for holds, sentence in chain(_rules(settings), *(settings.room(kind).rules() for kind in rooms)):
        if not holds:
            raise SetupError(sentence)


def _rules(settings: Settings) -> Iterator[tuple[bool, str]]:
    """What must hold, and the sentence for when it does not."""
    embedded = _embedded(settings)
    yield settings.network in NETWORKS, f"PAYWALL_NETWORK must be one of {', '.join(NETWORKS)}."
    yield settings.policy in {"native", "fixed", "none"}, "PAYWALL_POLICY must be native, fixed or none."
    yield settings.log in {"plain", "json"}, "PAYWALL_LOG must be plain or json."
    for name in COUNTS:
        yield getattr(settings, name) >= 1, f"PAYWALL_{name.upper()} must be at least 1."
    for name in ("port", "devnet_port"):
        port = getattr(settings, name)
        yield 1 <= port <= MAX_PORT, f"PAYWALL_{name.upper()} must be from 1 to {MAX_PORT}."
    yield settings.confirmations >= 0, "PAYWALL_CONFIRMATIONS cannot be negative."
    yield settings.final_depth >= 0, "PAYWALL_FINAL_DEPTH cannot be negative."
    yield settings.batch_seconds >= DEFAULT_BATCH_SECONDS, "PAYWALL_BATCH_SECONDS cannot be negative."
    # Written so that it refuses "nan" too, which compares with nothing.
    yield (
        0 <= settings.devnet_block_seconds < math.inf,
        "PAYWALL_DEVNET_BLOCK_SECONDS must be a number of seconds.",
    )
    public = urlsplit(settings.public_url).scheme in {"http", "https"} or not settings.public_url
    yield public, "PAYWALL_PUBLIC_URL must be an http or https URL."
    reachable = settings.blockfrost_project_id or settings.blockfrost_url or not settings.needs_chain
    yield settings.network == "devnet" or bool(reachable), f"{settings.network} needs BLOCKFROST_PROJECT_ID."
    yield (
        settings.network != "mainnet" or not embedded,
        f"On mainnet nothing embedded may be left; still embedded: {', '.join(embedded)}.",
    )
