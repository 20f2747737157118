"""What payment requests of one order and second share is stored once, and each is still found to the letter."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from paywall import clock
from paywall.database.engine import Database, Transaction
from paywall.errors import StorageUnavailable
from paywall.keys.identity import Identity
from paywall.keys.signers.file import FileSigner
from paywall.sales import store
from paywall.sales.prices import PriceTier, Product
from paywall.sales.selling import Selling
from paywall.sales.store import Insert, ToStore
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, prt
from tests.support.world.loop import in_loop
from tests.support.world.sales import stored_request

NOW = 1_700_000_000
SELLER, HOLDERS = SigningKey.from_seed(b"\x01" * 32), [SigningKey.from_seed(bytes([n]) * 32) for n in (2, 3)]
PRODUCT = Product("time", "Hours", "", 30, (PriceTier(1, Money(100, "USD", 2)),))


async def nobody_is_refused() -> None: ...


def selling_from(database: Any) -> Selling:
    """A seller of one product, in the second NOW."""
    signer = FileSigner(SELLER)
    return Selling(
        database=database,
        identity=Identity(requests=signer, receipts=signer, public_url=None),
        products={"time": PRODUCT},
        rails=(),
        token=None,
        service_url="http://127.0.0.1:1",
        valid_seconds=900,
        holder_required=False,
        use_needs_holder=False,
        clock=lambda: NOW,
        ids=clock.new_id,
        admit=nobody_is_refused,
    )


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    def read(tx: Transaction) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tx.connection.execute(text(query)).all()]

    return await database.read(read)


async def token(database: Database, request_id: str) -> str | None:
    return await database.read(lambda tx: store.token_of(tx, request_id))


async def do(database: Database, statement: str) -> None:
    await database.transact(lambda tx: tx.connection.execute(text(statement)))


class Undone:
    """A database on which the first group is refused, with nothing of it kept."""

    def __init__(self, database: Database) -> None:
        self._database, self._refused = database, False

    async def transact_in_group(self, fn: Any, item: Any) -> Any:
        if not self._refused:
            self._refused = True
            raise StorageUnavailable
        return await self._database.transact_in_group(fn, item)


@in_loop
async def test_what_is_stored_makes_the_very_token_that_was_answered(database: Database) -> None:
    selling = selling_from(database)
    orders = [
        (credits, holder) for credits in (1, 2, 1) for holder in (None, *(key.public.did for key in HOLDERS))
    ]
    sold = await asyncio.gather(*(selling.sell("time", credits, holder) for credits, holder in orders))
    assert [(one.request.order.credits, one.request.order.holder) for one in sold] == orders
    for one in sold:
        assert await token(database, one.request.id) == one.token
        assert jws.verify(one.token, [SELLER.public]) == prt.claims(one.request)
    assert await rows(database, "SELECT count(*) FROM payment_terms") == [(2,)]
    assert await rows(database, "SELECT count(*) FROM payment_request WHERE token IS NULL") == [(9,)]


@in_loop
async def test_terms_that_were_not_stored_go_with_the_next_one(database: Database) -> None:
    selling = selling_from(Undone(database))
    with pytest.raises(StorageUnavailable):
        await selling.sell("time", 1, None)
    sold = await selling.sell("time", 1, None)
    assert await token(database, sold.request.id) == sold.token


@in_loop
async def test_terms_stay_as_long_as_a_payment_request_is_made_of_them(database: Database) -> None:
    one = stored_request("one", "head.claims.signature", expires_at=NOW)
    other = ToStore(stored_request("other", "head.claims.other", expires_at=NOW).sold, one.terms)
    for item in (one, other):
        await database.transact_in_group(Insert(), item)
    known = await token(database, "one")

    async def gone(before: int) -> int:
        return await database.transact(lambda tx: store.forget_terms(tx, before, 9))

    assert known is not None
    await do(database, "DELETE FROM payment_request WHERE id = 'other'")
    assert await gone(NOW + 1) == 0
    assert await token(database, "one") == known
    assert await database.transact(lambda tx: store.take(tx, one.sold))
    assert (await gone(NOW), await gone(NOW + 1)) == (0, 1)
    assert await token(database, "one") == one.sold.token


@in_loop
async def test_whoever_takes_a_payment_request_has_its_token_from_there_on_and_takes_it_once(
    database: Database,
) -> None:
    item = stored_request("one", "head.claims.signature", expires_at=NOW)
    await database.transact_in_group(Insert(), item)
    with pytest.raises(IntegrityError):
        await do(database, "UPDATE payment_request SET state = 'settling'")
    took = [await database.transact(lambda tx: store.take(tx, item.sold)) for _ in range(2)]
    assert took == [True, False]
    kept = "SELECT state, token, terms_id, signature FROM payment_request"
    assert await rows(database, kept) == [("settling", item.sold.token, None, None)]


@in_loop
async def test_a_payment_request_whose_terms_are_gone_is_known_by_id_and_signature(
    database: Database,
) -> None:
    item = stored_request("one", "head.claims.signature", expires_at=NOW)
    await database.transact_in_group(Insert(), item)
    await do(database, "DELETE FROM payment_terms")
    assert await token(database, "one") is None
    assert await known(database, item.sold.token)
    assert not await known(database, "head.claims.another")
    assert await database.transact(lambda tx: store.take(tx, item.sold))
    assert await known(database, item.sold.token)
    assert not await known(database, "head.other.signature")  # from there on the row has the token whole


@pytest.mark.parametrize("if_gone", [True, False])
@in_loop
async def test_what_has_no_row_is_known_where_it_may_be_forgotten(database: Database, if_gone: bool) -> None:
    assert await known(database, "head.claims.signature", if_gone=if_gone) is if_gone


async def known(database: Database, token: str, *, if_gone: bool = False) -> bool:
    sold = stored_request("one", token, expires_at=NOW).sold
    return await database.read(lambda tx: store.knows(tx, sold, if_gone=if_gone))
