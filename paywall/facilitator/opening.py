"""Opens the facilitator with what the settings say."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette

from paywall.errors import SetupError
from paywall.facilitator.app import facilitator_app
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.facilitator.devnet_judge import DevnetJudge
from paywall.facilitator.settlements_file import SettlementsFile
from paywall.private_files import private_folder, private_sqlite
from paywall.settings import Settings
from shared.chain.blockfrost import Blockfrost

FILE = "facilitator.db"
#: how often a settlement looks for its block, in seconds
_PAUSE = {"devnet": 0.25}
_USUAL_PAUSE = 3.0


@asynccontextmanager
async def open_facilitator_app(settings: Settings) -> AsyncIterator[Starlette]:
    """The facilitator over HTTP. Errors: SetupError."""
    async with open_facilitator(settings) as facilitator:
        yield facilitator_app(facilitator)


@asynccontextmanager
async def open_facilitator(settings: Settings) -> AsyncIterator[CardanoFacilitator]:
    """In process; at the end it waits for what is being settled. Errors: SetupError."""
    async with AsyncExitStack() as closing:
        claims = _claims(settings)
        closing.callback(claims.close)
        chain = Blockfrost(settings.chain_url, settings.blockfrost_project_id)
        closing.push_async_callback(chain.aclose)
        judge = DevnetJudge(settings.chain_url) if settings.network == "devnet" else None
        if judge is not None:
            closing.push_async_callback(judge.aclose)
        pause = _PAUSE.get(settings.network, _USUAL_PAUSE)
        facilitator = CardanoFacilitator(settings.chain_network, chain, claims, judge=judge, pause=pause)
        closing.push_async_callback(facilitator.aclose)
        yield facilitator


def _claims(settings: Settings) -> SettlementsFile:
    """Errors: SetupError."""
    path = settings.folder / FILE
    try:
        private_folder(path.parent)
        private_sqlite(path)
        return SettlementsFile(path)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"{path} cannot be opened: {error}") from error
