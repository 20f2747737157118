"""Burning, on both databases and over a real ledger: batches, proofs, fees, and several workers at once."""

import asyncio

import pytest
from sqlalchemy import update

from paywall import clock
from paywall.burns.tables import BurnBatchRow
from paywall.burns.wallet.forming import BurnsTaken, DraftBatch, draft_batch, form_batch
from paywall.database.engine import Transaction
from paywall.database.opening import open_database
from shared import merkle
from shared.cardano.metadata import BatchCommitment, read_burn
from shared.chain.base import SubmitRefused
from shared.chain.blockfrost import Blockfrost
from shared.merkle import SumNode
from tests.support.world import burns
from tests.support.world.loop import in_loop
from tests.support.world.seller import Seller, Selling


async def check_proof(seller: Seller, redemption_id: str) -> str:
    """What `GET /api/redemptions/{id}` shows is proved by the chain. Returns the transaction's hash."""
    shown = (await seller.http.get(f"/api/redemptions/{redemption_id}")).json()["burn"]
    assert (shown["state"], shown["version"]) == ("confirmed", 2)
    assert not {"salt", "preimage"} & shown.keys()
    transaction = await burns.on_chain(seller, shown["tx_hash"])
    assert transaction is not None
    root = SumNode(bytes.fromhex(shown["root"]), shown["sum"])
    assert read_burn(transaction.metadata) == BatchCommitment(root.hash, root.sum, shown["tree_size"])
    assert transaction.mint == {seller.custody.asset.unit: -root.sum}
    leaf = SumNode(bytes.fromhex(shown["leaf"]), shown["quantity"])
    path = [SumNode(bytes.fromhex(one["hash"]), one["sum"]) for one in shown["path"]]
    assert merkle.verify(leaf, shown["leaf_index"], shown["tree_size"], path, root)
    more = leaf._replace(sum=leaf.sum + 1)
    assert not merkle.verify(more, shown["leaf_index"], shown["tree_size"], path, root)
    return transaction.id


@pytest.mark.parametrize("count", [1, 7])
@in_loop
async def test_a_batch_burns_one_token_for_each_member_and_each_can_prove_it(
    selling: Selling, count: int
) -> None:
    async with selling() as seller:
        ids = await burns.capture(seller, count)
        await burns.finish(seller)
        assert await burns.burned(seller) == count
        (tx_hash,) = {await check_proof(seller, name) for name in ids}
        batch = (await seller.http.get(f"/api/burns/{tx_hash}")).json()
        transaction = await burns.on_chain(seller, tx_hash)
        assert transaction is not None
        assert (batch["count"], batch["state"], batch["fee"]) == (count, "confirmed", transaction.fee)
        assert batch["fee_per_redemption"] == -(-transaction.fee // count)
        assert batch["token"] == seller.custody.asset.dotted


@in_loop
async def test_uses_of_one_five_and_two_credits_burn_eight_tokens_in_one_batch(selling: Selling) -> None:
    async with selling() as seller:
        ids = await burns.capture(seller, 3, [1, 5, 2])
        await burns.finish(seller)
        assert await burns.burned(seller) == 8
        (tx_hash,) = {await check_proof(seller, name) for name in ids}
        shown = [(await seller.http.get(f"/api/redemptions/{name}")).json()["burn"] for name in ids]
        assert [burn["quantity"] for burn in shown] == [1, 5, 2]
        batch = (await seller.http.get(f"/api/burns/{tx_hash}")).json()
        assert (batch["sum"], batch["count"]) == (8, 3)
        assert 'paywall_burn_tokens{state="confirmed"} 8.0' in await seller.metrics()


@in_loop
async def test_more_burns_than_a_batch_takes_go_into_one_after_the_other(selling: Selling) -> None:
    async with selling() as seller:
        ids = await burns.capture(seller, 7)
        await burns.finish(seller, size=3)
        assert [batch.size for batch in await burns.batches(seller)] == [3, 3, 1]
        assert len({await check_proof(seller, name) for name in ids}) == 3
        assert await burns.burned(seller) == 7


@in_loop
async def test_while_a_batch_is_in_flight_new_burns_wait(selling: Selling) -> None:
    async with selling() as seller:
        await burns.capture(seller, 2)
        await burns.worker(seller).step()
        (late,) = await burns.capture(seller, 1)
        for _ in range(3):
            await burns.worker(seller).step()
        assert [batch.size for batch in await burns.batches(seller)] == [2]
        shown = (await seller.http.get(f"/api/redemptions/{late}")).json()["burn"]
        assert shown["state"] == "waiting"
        assert "path" not in shown
        await burns.finish(seller)
        assert [batch.size for batch in await burns.batches(seller)] == [2, 1]


@in_loop
async def test_a_batch_waits_until_it_is_full_or_old_enough(selling: Selling) -> None:
    async with selling() as seller:
        await burns.capture(seller, 2)
        assert not await burns.worker(seller, size=3, seconds=1000).step()
        await burns.capture(seller, 1)
        assert await burns.worker(seller, size=3, seconds=1000).step()
        await burns.finish(seller)


@pytest.mark.parametrize("other_holder", ["two", "one"], ids=["one lease", "both think they hold it"])
@in_loop
async def test_two_workers_at_once_burn_four_hundred_exactly_once(
    selling: Selling, other_holder: str
) -> None:
    async with selling() as seller:
        settings = seller.parts.settings
        await burns.capture(seller, 400)
        # SQLite serves one process; on PostgreSQL the second worker has connections of its own.
        other = open_database(settings.database) if "postgres" in settings.database else None
        chain = Blockfrost(settings.chain_url)
        workers = [
            burns.worker(seller, size=100),
            burns.worker(seller, chain=chain, database=other, holder=other_holder, size=100),
        ]
        while any(await asyncio.gather(*(one.step() for one in workers for _ in range(2)))):
            seller.devnet.blocks()
        assert await burns.burned(seller) == 400
        assert [batch.size for batch in await burns.batches(seller)] == [100] * 4
        assert len(await burns.attempts(seller)) == 4
        await chain.aclose()
        if other is not None:
            other.close()


@in_loop
async def test_burns_that_the_wallet_lacks_tokens_for_wait_until_there_are_some(selling: Selling) -> None:
    async with selling(supply=2) as seller:
        custody, chain = seller.custody, seller.parts.chain
        await burns.capture(seller, 5)
        for _ in range(4):
            await burns.worker(seller).step()
            seller.devnet.blocks()
        assert await burns.burned(seller) == 2
        assert [batch.size for batch in await burns.batches(seller)] == [2]
        more = await custody.sign_mint(chain, 10)  # spends what the worker had taken note of
        try:
            await chain.submit(more.raw)
        except SubmitRefused as refusal:
            raise AssertionError(refusal.reason) from refusal
        seller.devnet.blocks()
        await burns.finish(seller)
        assert await burns.burned(seller) == 5


def drafted(tx: Transaction, tokens: int) -> DraftBatch:
    draft = draft_batch(tx, 10, tokens=tokens)
    assert draft is not None
    return draft


@in_loop
async def test_a_burn_that_waits_no_more_is_in_no_second_batch(selling: Selling) -> None:
    async with selling() as seller:
        database, policy_id = seller.parts.database, seller.custody.asset.policy_id
        await burns.capture(seller, 3)
        old, new = [await database.read(lambda tx, n=n: drafted(tx, n)) for n in (1, 3)]  # type: ignore[misc]
        await database.transact(lambda tx: form_batch(tx, "first", policy_id, old, 1))
        with pytest.raises(BurnsTaken):
            await database.transact(lambda tx: form_batch(tx, "second", policy_id, new, 1))
        assert [(batch.id, batch.size) for batch in await burns.batches(seller)] == [("first", 1)]
        left = await database.read(lambda tx: drafted(tx, 3))
        assert left.burns == new.burns[1:]


@in_loop
async def test_burns_that_were_taken_since_they_were_drafted_hold_up_no_others(
    selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with selling() as seller:
        database, worker = seller.parts.database, burns.worker(seller)
        await burns.capture(seller, 3)
        first, stale = [await database.read(lambda tx, n=n: drafted(tx, n)) for n in (1, 3)]  # type: ignore[misc]
        policy_id = seller.custody.asset.policy_id
        await database.transact(lambda tx: form_batch(tx, "first", policy_id, first, clock.unix_now()))
        with monkeypatch.context() as late:
            late.setattr(worker, "_draft", lambda _tx: stale)
            await worker.step()
        assert [batch.size for batch in await burns.batches(seller)] == [1]
        left = await database.read(lambda tx: drafted(tx, 3))
        assert left.burns == stale.burns[1:]


@in_loop
async def test_a_batch_that_was_closed_as_a_plain_tree_is_burned_with_its_root_and_shows_no_path(
    selling: Selling,
) -> None:
    """As the migration leaves it: its leaves bound nobody, so there is nothing to prove with them."""
    async with selling() as seller:

        def close(tx: Transaction) -> None:
            policy_id = seller.custody.asset.policy_id
            form_batch(tx, "old", policy_id, drafted(tx, 2), clock.unix_now())
            tx.session.flush()
            tx.session.exec(update(BurnBatchRow).values(version=1))

        name, _ = await burns.capture(seller, 2)
        await seller.parts.database.transact(close)
        await burns.finish(seller)
        assert await burns.burned(seller) == 2
        shown = (await seller.http.get(f"/api/redemptions/{name}")).json()["burn"]
        assert (shown["version"], shown["state"], shown["quantity"]) == (1, "confirmed", 1)
        assert not {"leaf", "path", "root", "sum", "leaf_index"} & shown.keys()
        transaction = await burns.on_chain(seller, shown["tx_hash"])
        (batch,) = await burns.batches(seller)
        assert transaction is not None
        assert read_burn(transaction.metadata) == BatchCommitment(batch.root, 2, 2, version=1)
        assert await seller.invariants() == []
