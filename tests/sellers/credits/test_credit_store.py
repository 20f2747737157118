"""The statements on credits, on both databases: each happens once, and only where its guard holds."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from paywall.credits import postings, store
from paywall.credits.postings import Transfer
from paywall.database.engine import Database, Transaction
from paywall.errors import CreditsExhausted, HolderProofInvalid, IdempotencyKeyReused, ReceiptInvalid
from paywall.redemptions import holder_proofs
from paywall.redemptions import store as redemption_store
from paywall.redemptions.recovery.overdue import overdue
from paywall.redemptions.request import RedemptionRequest, Reservation
from shared.keys import SigningKey
from shared.tokens.dpop import HolderProof
from tests.support.world.loop import in_loop
from tests.support.world.redemptions import BEARER, PROCESS, delivered, wanted

NOW, END = 1_000, 2_000
KEY = SigningKey.from_seed(bytes(32)).public
REQUEST = wanted("redemption", "account", "key")
IMAGE = delivered("image")


GRANT = postings.grant("payment", 2)


@pytest.fixture
def database(database: Database) -> Database:
    """With an account of two credits."""
    asyncio.run(database.transact(open_account))
    return database


def open_account(tx: Transaction, name: str = "account", opening: Transfer = GRANT) -> None:
    store.open_account(
        tx,
        account_id=name,
        owner=BEARER,
        product="image-credit",
        opening=opening,
        expires_at=END,
        now=NOW,
    )


def test_an_account_opens_with_credits_that_are_granted_to_it_and_with_no_others(database: Database) -> None:
    with pytest.raises(ValueError, match="granted to it"):
        asyncio.run(database.transact(lambda tx: open_account(tx, "another", postings.give("a gift", 2))))
    assert asyncio.run(database.read(lambda tx: store.balance(tx, "another"))) is None


def reserve(wish: RedemptionRequest = REQUEST, now: int = NOW) -> Callable[[Transaction], Reservation]:
    def function(tx: Transaction) -> Reservation:
        reservation = redemption_store.reserve(tx, wish, now, now + 100, liveness=PROCESS)
        assert isinstance(reservation, Reservation)
        return reservation

    return function


def state(tx: Transaction) -> tuple[dict[str, int], int, int]:
    """The buckets that are not empty, the postings and the redemptions."""
    balance = store.balance(tx, "account")
    assert balance is not None
    filled = {bucket: credits for bucket, credits in balance.buckets().items() if credits}
    counted = [
        int(tx.connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
        for table in ("posting", "redemption")
    ]
    return filled, counted[0], counted[1]


UNTOUCHED = ({"granted": 2, "available": 2}, 1, 0)


def test_an_account_is_opened_once(database: Database) -> None:
    with pytest.raises(IntegrityError):
        asyncio.run(database.transact(open_account))
    assert asyncio.run(database.read(state)) == UNTOUCHED


REFUSED = {
    "an unknown account": (REQUEST._replace(account_id="nobody"), NOW, ReceiptInvalid),
    "another product": (REQUEST._replace(product="song-credit"), NOW, CreditsExhausted),
    "an account past its end": (REQUEST, END, CreditsExhausted),
}


@pytest.mark.parametrize(("wish", "now", "error"), REFUSED.values(), ids=REFUSED)
@in_loop
async def test_a_refused_reservation_leaves_nothing(
    database: Database, wish: RedemptionRequest, now: int, error: type[Exception]
) -> None:
    proof = HolderProof("jti", KEY.thumbprint, KEY, NOW)
    with pytest.raises(error):
        await database.transact(reserve(wish._replace(holder_proof=proof), now))
    assert await database.read(state) == UNTOUCHED
    await database.transact(reserve(REQUEST._replace(holder_proof=proof)))


@in_loop
async def test_a_holder_proof_counts_once_until_it_is_too_old_to_be_shown(database: Database) -> None:
    used = REQUEST._replace(holder_proof=HolderProof("jti", KEY.thumbprint, KEY, NOW))
    again = used._replace(id="other", idempotency_key="other")
    await database.transact(reserve(used))
    with pytest.raises(HolderProofInvalid):
        await database.transact(reserve(again))
    assert (await database.read(state))[2] == 1
    kept = holder_proofs.PROOF_KEPT_SECONDS
    assert await database.transact(lambda tx: holder_proofs.forget_proofs(tx, NOW + kept)) == 0
    assert await database.transact(lambda tx: holder_proofs.forget_proofs(tx, NOW + kept + 1)) == 1


@in_loop
async def test_a_key_belongs_to_one_request_of_one_account(database: Database) -> None:
    await database.transact(reserve())
    with pytest.raises(IdempotencyKeyReused) as caught:
        await database.transact(reserve(REQUEST._replace(id="other", request_hash="other")))
    assert caught.value.extra == {"redemption_id": REQUEST.id}
    assert await database.read(state) == ({"granted": 2, "available": 1, "reserved": 1}, 2, 1)


@in_loop
async def test_a_reservation_is_captured_or_released_and_only_once(database: Database) -> None:
    first = await database.transact(reserve())
    second = await database.transact(reserve(REQUEST._replace(id="other", idempotency_key="other")))
    assert (first.credits_remaining, second.credits_remaining) == (1, 0)
    finish: list[tuple[Callable[[Transaction], bool], bool]] = [
        (lambda tx: redemption_store.capture(tx, first._replace(attempt=2), IMAGE, NOW), False),
        (lambda tx: redemption_store.capture(tx, first, IMAGE, NOW), True),
        (lambda tx: redemption_store.capture(tx, first, IMAGE, NOW), False),
        (lambda tx: redemption_store.release(tx, first.id, 1, NOW), False),
        (lambda tx: redemption_store.release(tx, second.id, 2, NOW), False),
        (lambda tx: redemption_store.release(tx, second.id, 1, NOW), True),
        (lambda tx: redemption_store.release(tx, second.id, 1, NOW), False),
        (lambda tx: redemption_store.capture(tx, second, IMAGE, NOW), False),
    ]
    for step, expected in finish:
        assert await database.transact(step) is expected
    assert await database.read(state) == ({"granted": 2, "available": 1, "captured": 1}, 5, 2)


@in_loop
async def test_what_is_released_after_the_end_expires_too_even_in_the_same_second(database: Database) -> None:
    reservation = await database.transact(reserve())
    assert not await database.transact(lambda tx: store.expire(tx, "account", END - 1))
    assert await database.transact(lambda tx: store.expire(tx, "account", END))
    assert (await database.read(state))[0] == {"granted": 2, "reserved": 1, "expired": 1}
    await database.transact(lambda tx: redemption_store.release(tx, reservation.id, 1, END))
    assert await database.transact(lambda tx: store.expire(tx, "account", END))
    assert not await database.transact(lambda tx: store.expire(tx, "account", END))
    assert (await database.read(state))[0] == {"granted": 2, "expired": 2}


@in_loop
async def test_only_reservations_past_their_deadline_are_overdue(database: Database) -> None:
    await database.transact(reserve())
    assert await database.read(lambda tx: overdue(tx, NOW + 100)) == []
    assert await database.read(lambda tx: overdue(tx, NOW + 101)) == [(NOW + 100, "redemption", 1)]


@in_loop
async def test_a_key_that_comes_again_costs_what_it_cost_first_whatever_the_resource_costs_by_now(
    database: Database,
) -> None:
    first = await database.transact(reserve())
    await database.transact(lambda tx: redemption_store.release(tx, first.id, 1, NOW))
    dearer = REQUEST._replace(quantity=2, document='{"prompt":"another"}', owes_burn=False)
    again = await database.transact(reserve(dearer))
    assert (again.quantity, again.document, again.owes_burn) == (1, first.document, True)
    assert await database.transact(lambda tx: redemption_store.release(tx, again.id, 2, NOW))
    assert (await database.read(state))[0] == {"granted": 2, "available": 2}
