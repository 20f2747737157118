"""What `many` of a group function writes on PostgreSQL is, row by row in every table, what `one` writes for each."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paywall.database.engine import Database, GroupFn
from paywall.database.opening import open_database
from paywall.database.schema import metadata
from paywall.redemptions.at_once import QuickUse, UseAtOnce
from paywall.redemptions.capturing import Capture, ToCapture
from paywall.redemptions.holder_proofs import UseUp
from paywall.redemptions.reserving import Reserve, ToReserve
from paywall.redemptions.resource import Resource
from paywall.redemptions.store import reservation
from paywall.sales.store import Insert, ToStore
from shared.keys import SigningKey
from shared.tokens.dpop import HolderProof
from tests.support.services.postgres import Postgres
from tests.support.world.accounts import Rows, open_accounts, rows
from tests.support.world.echo import Echo
from tests.support.world.redemptions import PROCESS, PRODUCT, delivered, wanted
from tests.support.world.sales import stored_request

NOW, END = 1_700_000_000, 1_700_001_000
KEY = SigningKey.from_seed(b"k" * 32).public
ACCOUNTS = ("urn:uuid:a", "urn:uuid:b")
CREDITS = 100
RESOURCE = Resource("echo", PRODUCT, "/api/echo", Echo())
#: members of a group: plain, and each other than the others in something that is written
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "another account": {"account": ACCOUNTS[1]},
    "three": {"quantity": 3},
    "no proof": {"holder_proof": None},
    "nothing to burn": {"owes_burn": False},
    "a key of its own": {"key": "the client's"},
    "other words": {
        "document": '{"prompt":"a dog"}',
        "request": '{"prompt": "a dög"}',
        "request_hash": "ef" * 32,
    },
    "later": {"now": NOW + 7},
}
GROUPS = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6)


def reserving(number: int, kind: str) -> ToReserve:
    given = {"holder_proof": HolderProof(f"jti {number}", KEY.thumbprint, KEY, NOW), **KINDS[kind]}
    account, now, key = (given.pop(name, None) for name in ("account", "now", "key"))
    asked = wanted(f"use {number:04}", account or ACCOUNTS[0], key and f"{key} {number}", **given)
    now = now or NOW
    return ToReserve(asked, now, now + 100, full=False)


def using(number: int, kind: str) -> QuickUse:
    return QuickUse(reserving(number, kind), RESOURCE, "u" * 64, f"{number:032x}", salt(number))


def salt(number: int) -> bytes:
    return number.to_bytes(16, "big")


def capturing(number: int, kind: str) -> ToCapture:
    """Every other one of a resource that keeps its own; all at one time, as a group's are."""
    asked, body = reserving(number, kind).request, b"cat %d" % number if number % 2 else None
    return ToCapture(reservation(asked, 1, 0), delivered(f"{number:032x}"), body, salt(number), NOW + 9)


def proving(number: int, kind: str) -> HolderProof:
    return HolderProof(f"{kind} {number}", KEY.thumbprint, KEY, KINDS[kind].get("now", NOW))


def selling(number: int, kind: str) -> ToStore:
    holder = None if kind == "no proof" else KEY.did
    product = PRODUCT if kind == "plain" else kind
    return stored_request(
        f"request {number}", f"token {kind}", expires_at=END, holder=holder, product=product
    )


@cache
def tables() -> list[str]:
    """All there are, whoever writes them."""
    return sorted(metadata().tables)


async def opened(database: Database, uses: Sequence[ToReserve]) -> None:
    """Two accounts, with these uses reserved on them."""
    await database.transact(lambda tx: open_accounts(tx, ACCOUNTS, CREDITS, now=NOW, expires_at=END))
    for asked in uses:
        await database.transact(lambda tx, asked=asked: Reserve(PROCESS).one(tx, asked))  # type: ignore[misc]


Item = Callable[[int, str], Any]
#: group function → an item of it, and whether its items are reserved before
FUNCTIONS: dict[str, tuple[GroupFn[Any, Any], Item, bool]] = {
    "reserve": (Reserve(PROCESS), reserving, False),
    "capture": (Capture(), capturing, True),
    "use at once": (UseAtOnce(PROCESS), using, False),
    "sell": (Insert(), selling, False),
    "use up a proof": (UseUp(), proving, False),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GROUPS)
def test_a_group_writes_row_by_row_what_each_would_have_written(
    postgres: Postgres, name: str, kinds: list[str]
) -> None:
    fn, item, reserved = FUNCTIONS[name]
    kinds = sorted(kinds, key=lambda kind: KINDS[kind].get("now", NOW))  # who asks later comes later
    items = [item(number, kind) for number, kind in enumerate(kinds)]
    before = [reserving(number, kind) for number, kind in enumerate(kinds)] if reserved else []

    async def together(database: Database) -> Any:
        return await database.transact(lambda tx: fn.many(tx, items))

    async def apart(database: Database) -> Any:
        return [await database.transact(lambda tx, one=one: fn.one(tx, one)) for one in items]  # type: ignore[misc]

    def played(run: Callable[[Database], Any]) -> tuple[Any, Rows]:
        async def play() -> tuple[Any, Rows]:
            await opened(database, before)
            return await run(database), await database.read(lambda tx: rows(tx, tables()))

        database = open_database(postgres.create())
        try:
            return asyncio.run(play())
        finally:
            database.close()

    results, written = played(together)
    assert results is not None, "it went together"
    each, written_by_each = played(apart)
    assert results == each
    assert written == written_by_each
    assert sum(found.total() for found in written.values()) > len(ACCOUNTS) * 2
