"""What the commands of `buyer sellers` do."""

import json
import shlex
import sqlite3
import time
from contextlib import closing
from typing import Any

from buyer.cli.commands import CommandResult, Commands
from buyer.errors import UsageError
from buyer.seller import identity as identities
from buyer.seller.trusting import Introduction, introduction


async def listing(commands: Commands) -> CommandResult:
    with closing(commands.look()) as wallet:
        found = wallet.transact(_known)
    lines = [f"{seller['seller']}  {seller['did']}" for seller in found] or ["no seller was met yet"]
    return CommandResult(({"sellers": found}, lines))


async def trust(commands: Commands, identity: str | None, owner_fd: int | None) -> CommandResult:
    presented = await introduction(commands.seller, commands.progress.trace, commands.progress.say)
    if identity != presented.identity:
        message = f"{presented.origin} presents itself as {presented.identity}"
        believe = shlex.join(["--seller", presented.origin, "--identity", presented.identity])
        hint = (
            "Nothing was changed. Compare it with what the seller tells on another way; to believe it:"
            f" buyer sellers trust {believe}"
        )
        raise UsageError("not_confirmed", message, hint=hint)
    with closing(commands.look()) as wallet:
        commands.recognise(wallet, owner_fd)
        wallet.transact(lambda db: _trust(db, presented))
    document = {"seller": presented.origin, "did": presented.did, "keys": list(presented.thumbprints)}
    return CommandResult((document, [f"{presented.origin} is now held to {presented.identity}"]))


def _trust(db: sqlite3.Connection, presented: Introduction) -> None:
    identities.forget(db, presented.origin)
    identities.pin(db, presented.origin, presented.did, int(time.time()))
    identities.hold(db, presented.origin, presented.thumbprints)


def _known(db: sqlite3.Connection) -> list[dict[str, Any]]:
    rows = db.execute(
        "SELECT origin, did, first_seen, value FROM sellers"
        " LEFT JOIN settings ON key = 'keys of ' || origin ORDER BY origin"
    )
    return [
        {"seller": origin, "did": did, "first_seen": seen, "keys": [] if keys is None else json.loads(keys)}
        for origin, did, seen, keys in rows
    ]
