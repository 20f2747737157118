"""Opens the facilitator. Its options are its own: the seller's rules are about what a seller stores and signs."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from paywall.errors import SetupError
from paywall.facilitator.app import facilitator_app
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.devnet_judge import DevnetJudge
from paywall.facilitator.settlements_file import SettlementsFile
from paywall.private_files import private_folder, private_sqlite
from paywall.settings import BLOCKFROST_URL, NETWORKS
from shared.chain.blockfrost import Blockfrost

FILE = "facilitator.db"
DEVNET = "devnet"
#: how often a settlement looks for its block, in seconds
_PAUSE = {DEVNET: 0.25}
_USUAL_PAUSE = 3.0
_DEVNET_URL = "http://127.0.0.1:8403/api/v0"


@dataclass(frozen=True, slots=True)
class FacilitatorOptions:
    """`chain_url` is Blockfrost's for the network, or the devnet's usual one, when empty. `folder` keeps its file."""

    network: str = DEVNET
    project_id: str = ""
    chain_url: str = ""
    folder: Path = Path(".paywall")

    def __post_init__(self) -> None:
        """Errors: SetupError."""
        if self.network not in NETWORKS:
            raise SetupError(f"PAYWALL_NETWORK must be one of {', '.join(NETWORKS)}.")
        if self.network != DEVNET and not self.project_id and not self.chain_url:
            raise SetupError(f"{self.network} needs BLOCKFROST_PROJECT_ID.")

    @property
    def service_url(self) -> str:
        usual = _DEVNET_URL if self.network == DEVNET else BLOCKFROST_URL.format(network=self.network)
        return self.chain_url or usual


@asynccontextmanager
async def open_facilitator_app(options: FacilitatorOptions) -> AsyncIterator[Starlette]:
    """The facilitator over HTTP. Errors: SetupError."""
    async with open_facilitator(options) as facilitator:
        yield facilitator_app(facilitator)


@asynccontextmanager
async def open_facilitator(options: FacilitatorOptions) -> AsyncIterator[CardanoFacilitator]:
    """In process; at the end it waits for what is being settled. Errors: SetupError."""
    async with AsyncExitStack() as closing:
        claims = _claims(options.folder / FILE)
        closing.callback(claims.close)
        chain = Blockfrost(options.service_url, options.project_id)
        closing.push_async_callback(chain.aclose)
        judge = DevnetJudge(options.service_url) if options.network == DEVNET else None
        if judge is not None:
            closing.push_async_callback(judge.aclose)
        pause = _PAUSE.get(options.network, _USUAL_PAUSE)
        facilitator = CardanoFacilitator(
            f"cardano:{options.network}", chain, claims, judge=judge, pause=pause
        )
        closing.push_async_callback(facilitator.aclose)
        yield facilitator


def _claims(path: Path) -> SettlementsFile:
    """Errors: SetupError."""
    try:
        private_folder(path.parent)
        private_sqlite(path)
        return SettlementsFile(path)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"{path} cannot be opened: {error}") from error
