"""One devnet, one seller's folder and database, and the processes that share them."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.chaos import processes
from tests.chaos.faults.menaces import Menace
from tests.chaos.processes import Running
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import clean_environment, free_port

CONFIRMATIONS = 2
#: more than two of the longest forks in a row take back (`faults/forks.py`)
FINAL_DEPTH = 160
#: long enough for four pictures at once where several worlds share two cores
IMAGE_SECONDS = "8"
START_SECONDS = 60.0
#: below every rollback: the faucet's payments and the supply stay
FOUNDATION_BLOCKS = 12
#: what the worker says when a step raised something else than a chain or a storage that is away
_UNFORESEEN = re.compile(
    r" error (burning|settling|tidying|expiring|watching|forgetting|forgetting requests) failed|Exception in ASGI"
)
UNFORESEEN_LINES = 60


@dataclass
class Slot:
    """A place for one process: `serve` on a port of its own, or `worker`."""

    command: str
    port: int
    operator_port: int
    running: Running | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class World:
    """`slots` are the processes of the seller: one `serve` on SQLite, several on PostgreSQL."""

    def __init__(
        self, devnet: DevnetProcess, folder: Path, *, database_url: str = "", **environment: str
    ) -> None:
        self.devnet = devnet
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.database_url = database_url
        commands = ("serve", "serve", "worker", "worker") if database_url else ("serve",)
        self.slots = [Slot(command, free_port(), free_port()) for command in commands]
        usual = {
            "PAYWALL_DATA_DIR": str(self.data),
            "PAYWALL_BLOCKFROST_URL": devnet.url,
            "PAYWALL_CONFIRMATIONS": str(CONFIRMATIONS),
            "PAYWALL_FINAL_DEPTH": str(FINAL_DEPTH),
            "PAYWALL_BATCH_SIZE": "3",
            "PAYWALL_BATCH_SECONDS": "0",
            "PAYWALL_BATCHES_IN_FLIGHT": "3",
            "PAYWALL_IMAGE_SECONDS": IMAGE_SECONDS,
            **({"DATABASE_URL": database_url} if database_url else {}),
        }
        self.environment = clean_environment(**usual | environment)
        self.confirmations = int(self.environment["PAYWALL_CONFIRMATIONS"])
        #: no rollback goes below this height
        self.foundation = 0
        self.menaces: list[Menace] = []
        #: what goes on beside the buyers, and excuses nothing
        self.strangers: list[Menace] = []
        #: (payer, transaction) of payments whose payers mean to undo them
        self.cheats: list[tuple[str, str]] = []
        self._log_read = 0

    def excuses(self) -> bool:
        """Whether a process may refuse to start for a reason of the machine's."""
        return any(menace.excuses for menace in self.menaces)

    @property
    def data(self) -> Path:
        """The seller's own folder."""
        return self.folder / "data"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data / 'paywall.db'}"

    @property
    def serving(self) -> list[Slot]:
        return [slot for slot in self.slots if slot.command == "serve"]

    def start(self, slot: Slot, **environment: str) -> Running:
        """Does not wait until it answers."""
        ports = {"PAYWALL_PORT": str(slot.port), "PAYWALL_OPERATOR_PORT": str(slot.operator_port)}
        wanted = {**self.environment, **ports, **environment}
        slot.running = processes.start([slot.command], wanted, self.log)
        return slot.running

    async def start_all(self, **environment: str) -> None:
        """One after the other, each until it answers: the first makes the keys and the supply."""
        for slot in self.slots:
            self.start(slot, **environment)
            if slot.command == "serve":
                await self.await_ready(slot)

    async def await_ready(self, slot: Slot) -> None:
        assert slot.running is not None
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False) as client:
            while True:
                status = slot.running.status
                assert status is None, f"the seller ended with {status}:\n{self.tail()}"
                try:
                    if (await client.get(f"{slot.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.03)

    def kill_all(self) -> None:
        for slot in self.slots:
            if slot.running is not None:
                slot.running.kill()
                slot.running.wait(processes.STOP_SECONDS)
                slot.running = None

    def stop_all(self) -> list[int | None]:
        """In an orderly way; the exit statuses."""
        statuses = [processes.stop(slot.running) for slot in self.slots if slot.running is not None]
        for slot in self.slots:
            slot.running = None
        return statuses

    async def command(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """`paywall ARGUMENTS` with this seller's settings, to its end."""
        log = self.folder / "command.log"
        wanted = {**self.environment, **environment}
        return await asyncio.to_thread(processes.command, arguments, wanted, log)

    def found(self) -> None:
        """What was done so far is never rolled back."""
        self.foundation = int(self.devnet.blocks(FOUNDATION_BLOCKS)["height"])

    @property
    def log(self) -> Path:
        return self.folder / "seller.log"

    def unforeseen(self) -> list[str]:
        """What the log says since the last call of steps that failed for a reason that nobody had thought of."""
        with self.log.open("rb") as log:
            log.seek(self._log_read)
            lines = log.read().decode(errors="replace").splitlines()
            self._log_read = log.tell()
        starts = [n for n, line in enumerate(lines) if _UNFORESEEN.search(line)]
        return ["–: " + "\n   ".join(lines[n : n + UNFORESEEN_LINES]) for n in starts]

    def tail(self, size: int = 4000) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - size))
            return log.read().decode(errors="replace")


def fund(devnet: DevnetProcess, addresses: Sequence[str], lovelace: int, coins: int) -> None:
    """Each address gets `coins` outputs, so that a payment rarely waits for the change of another."""
    for address in addresses:
        for _ in range(coins):
            devnet.faucet(address, lovelace)
    devnet.blocks()
