"""Credits that are given to another holder, on both databases: each is on one receipt, whoever asks at once."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from paywall.errors import GiftTooMuch, NotFound
from paywall.gifts import giving
from paywall.ops import failpoints
from paywall.ops.reconcile import Reconciliation
from shared.keys import SigningKey
from shared.tokens import jws
from shared.tokens import receipt as receipt_token
from tests.sellers.payments.test_reversals import double_spend, watch
from tests.sellers.refunds.test_refunds import ask as refund
from tests.sellers.refunds.test_refunds import final
from tests.sellers.revocations.test_revoking import id_of, paywall
from tests.support.hostile.crashes import Crash
from tests.support.world.image_maker import PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import Payer, Seller, Selling

TRANSFER = "/api/receipts/transfer"
AT_ONCE = 20


async def give(
    giver: Payer, receipt: str, to: str, credits: int | None = None, key: str | None = None
) -> httpx.Response:
    headers = giver.headers(receipt, TRANSFER) | ({} if key is None else {"Idempotency-Key": key})
    body = {"to": to} | ({} if credits is None else {"credits": credits})
    return await giver.seller.http.post(TRANSFER, json=body, headers=headers)


async def counts(payer: Payer, receipt: str) -> dict[str, Any]:
    """What the holder is told of his credits, without those buckets that are empty."""
    path = "/api/credits"
    answer = await payer.seller.http.get(path, headers=payer.headers(receipt, path, "GET"))
    assert answer.status_code == 200, answer.text
    return {
        name: count
        for name, count in answer.json().items()
        if count and name not in {"product", "expires_at"}
    }


def stranger(seller: Seller) -> Payer:
    """Somebody who holds a key, and has paid nothing."""
    return Payer(seller.devnet, seller)


@in_loop
async def test_a_gift_is_a_receipt_of_its_own_and_the_old_one_has_less(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        assert (await giver.generate(old)).status_code == 200
        answer = await give(giver, old, friend.did, 3)
        told = answer.json()
        assert (answer.status_code, told["credits"], told["to"]) == (200, 3, friend.did)
        assert answer.headers["cache-control"] == "no-store"
        new = told["receipt"]
        assert await counts(giver, old) == {"granted": 5, "available": 1, "captured": 1, "moved": 3}
        assert await counts(friend, new) == {"granted": 3, "available": 3}
        issuers, now = seller.parts.identity.issuers, seller.now()
        was, now_is = (receipt_token.verify(one, issuers, now=now) for one in (old, new))
        same = ("issuer", "payer", "expires_at", "payment_request_token", "payment_option_id", "metadata")
        assert [getattr(was, name) for name in same] == [getattr(now_is, name) for name in same]
        assert now_is.holder_thumbprint == friend.key.public.thumbprint
        assert now_is.id != was.id
        assert now_is.status != was.status
        for _ in range(3):
            assert (await friend.generate(new)).status_code == 200
        check_problem(await friend.generate(new), 402, "credits_exhausted")
        check_problem(await friend.generate(old), 401, "holder_proof_invalid")
        check_problem(await giver.generate(new), 401, "holder_proof_invalid")
        await seller.burn()
        assert await seller.invariants() == []


@in_loop
async def test_all_that_is_left_goes_where_no_number_is_named(own_selling: Selling) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        new = (await give(giver, old, friend.did)).json()
        assert new["credits"] == 5
        check_problem(await give(giver, old, friend.did), 409, "gift_too_much")
        check_problem(await giver.generate(old), 402, "credits_exhausted")


@in_loop
async def test_under_a_key_there_is_one_gift_and_one_answer(own_selling: Selling) -> None:
    async with own_selling() as seller:
        giver, friend, other = seller.payer(), stranger(seller), stranger(seller)
        old = await giver.receipt(5)
        first = await give(giver, old, friend.did, 2, "key")
        assert (await give(giver, old, friend.did, 2, "key")).json() == first.json()
        check_problem(await give(giver, old, friend.did, 3, "key"), 422, "idempotency_key_reused")
        check_problem(await give(giver, old, other.did, 2, "key"), 422, "idempotency_key_reused")
        await give(giver, old, friend.did, 3, "rest")
        assert (await give(giver, old, friend.did, 2, "key")).json() == first.json(), "with nothing left, too"
        assert await counts(giver, old) == {"granted": 5, "moved": 5}


@in_loop
async def test_twenty_at_once_give_once_under_one_key_and_no_more_than_there_is_under_twenty(
    own_selling: Selling,
) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(7)
        same = await asyncio.gather(*(give(giver, old, friend.did, 2, "key") for _ in range(AT_ONCE)))
        assert {one.status_code for one in same} == {200}
        assert len({one.text for one in same}) == 1
        assert await counts(giver, old) == {"granted": 7, "available": 5, "moved": 2}
        others = await asyncio.gather(*(give(giver, old, friend.did, 2, f"key {n}") for n in range(AT_ONCE)))
        assert sorted(one.status_code for one in others) == [200, 200, *[409] * (AT_ONCE - 2)]
        assert await counts(giver, old) == {"granted": 7, "available": 1, "moved": 6}
        assert await seller.invariants() == []


@in_loop
async def test_a_credit_is_used_or_given_and_never_both(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(10)
        uses = [giver.generate(old) for _ in range(10)]
        gifts = [give(giver, old, friend.did, 1) for _ in range(10)]
        answers = await asyncio.gather(*uses, *gifts)
        used = sum(one.status_code == 200 for one in answers[:10])
        given = sum(one.status_code == 200 for one in answers[10:])
        found = await counts(giver, old)
        assert (found.get("captured", 0), found.get("moved", 0)) == (used, given)
        assert used + given + found.get("available", 0) == 10
        assert await seller.invariants() == []


@pytest.mark.parametrize(
    "to", ["", "me", "did:web:friend.example", "did:key:z6Mk", "did:key:z6Mk" + "1" * 44, 1, None]
)
@in_loop
async def test_a_receiver_without_a_key_is_none(own_selling: Selling, to: Any) -> None:
    async with own_selling() as seller:
        giver = seller.payer()
        old = await giver.receipt(5)
        check_problem(await give(giver, old, to, 1), 400, "bad_request")
        assert await counts(giver, old) == {"granted": 5, "available": 5}


@pytest.mark.parametrize("credits", [0, -1, 1.5, True, "2", 6, 2**62])
@in_loop
async def test_so_many_cannot_be_given(own_selling: Selling, credits: Any) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        answer = await give(giver, old, friend.did, credits)
        many = type(credits) is int and credits > 5
        check_problem(answer, *((409, "gift_too_much") if many else (400, "bad_request")))
        assert await counts(giver, old) == {"granted": 5, "available": 5}


@in_loop
async def test_who_does_not_hold_the_receipts_key_gives_nothing(own_selling: Selling) -> None:
    async with own_selling() as seller:
        giver, thief = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        check_problem(await give(thief, old, thief.did), 401, "holder_proof_invalid")
        bearer = {"Authorization": f"Bearer {old}"}
        asked = {"to": thief.did}
        check_problem(
            await seller.http.post(TRANSFER, json=asked, headers=bearer), 401, "holder_proof_required"
        )
        check_problem(await seller.http.post(TRANSFER, json=asked), 401, "receipt_invalid")
        headers = giver.headers(old, TRANSFER)
        assert (
            await seller.http.post(TRANSFER, json=asked | {"credits": 1}, headers=headers)
        ).status_code == 200
        again = await seller.http.post(TRANSFER, json=asked | {"credits": 1}, headers=headers)
        check_problem(again, 401, "holder_proof_invalid")
        refused = giver.headers(old, TRANSFER)
        check_problem(
            await seller.http.post(TRANSFER, json=asked | {"credits": 9}, headers=refused),
            409,
            "gift_too_much",
        )
        again = await seller.http.post(TRANSFER, json=asked | {"credits": 1}, headers=refused)
        check_problem(again, 401, "holder_proof_invalid")
        assert await counts(giver, old) == {"granted": 5, "available": 4, "moved": 1}


@in_loop
async def test_a_bearers_receipt_is_given_by_whoever_shows_it(own_selling: Selling) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5, holder=False)
        told = await seller.http.post(TRANSFER, json={"receipt": old, "to": friend.did, "credits": 2})
        assert await counts(friend, told.json()["receipt"]) == {"granted": 2, "available": 2}


async def family(seller: Seller) -> tuple[str, Payer, Any, list[tuple[Payer, str]]]:
    """A payment that can be undone, and its credits in four hands, two of them at third hand."""
    giver, people = seller.payer(), [stranger(seller) for _ in range(3)]
    token = await giver.buy(8)
    built = await giver.build(token)
    claim = giver.claim(token, raw=built.raw)
    await seller.claim(claim)
    seller.devnet.blocks()
    first = (await seller.claim(claim)).json()["receipt"]
    held = [(giver, first)]
    for at, (whom, credits) in enumerate(((0, 5), (1, 3), (2, 1))):
        by, from_ = held[at]
        held.append((people[whom], (await give(by, from_, people[whom].did, credits)).json()["receipt"]))
    return token, giver, built, held


@in_loop
async def test_an_undone_payment_takes_back_what_was_given_away_at_every_hand_and_gives_it_back(
    own_selling: Selling,
) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        _, giver, built, held = await family(seller)
        assert (await held[2][0].generate(held[2][1])).status_code == 200
        await double_spend(seller, giver)
        await watch(seller, 2)
        found = [await counts(*one) for one in held]
        assert found == [
            {"granted": 8, "revoked": 3, "moved": 5},
            {"granted": 5, "revoked": 2, "moved": 3},
            {"granted": 3, "revoked": 1, "captured": 1, "moved": 1},
            {"granted": 1, "revoked": 1},
        ]
        for holder, receipt in held:
            check_problem(await holder.generate(receipt), 409, "payment_reversed")
            check_problem(await give(holder, receipt, giver.did, 1), 409, "payment_reversed")
        checks = await Reconciliation(seller.parts.database, seller.custody, seller.parts.chain).run()
        (figures,) = [check.figures for check in checks if "undone" in check.name]
        assert (figures["revoked"], figures["lost"]) == (7, 1)
        assert 'paywall_undone_credits{state="lost"} 1.0' in await seller.metrics()
        seller.devnet.rollback(1)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await watch(seller, 2)
        assert [(await counts(*one)).get("available", 0) for one in held] == [3, 2, 1, 1]
        assert (await held[3][0].generate(held[3][1])).status_code == 200
        assert await seller.invariants() == []


@in_loop
async def test_what_the_operator_revoked_of_a_family_stays_revoked_and_the_rest_comes_back(
    own_selling: Selling,
) -> None:
    async with own_selling() as seller:
        _, giver, built, held = await family(seller)
        await seller.parts.revoking.revoke(id_of(held[1][1]), "theft")
        check_problem(await give(*held[1], giver.did, 1), 401, "receipt_revoked")
        assert (await counts(*held[2]))["available"] == 2, "what was given before is another receipt"
        await double_spend(seller, giver)
        await watch(seller, 2)
        assert (await counts(*held[3]))["revoked"] == 1
        seller.devnet.rollback(1)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await watch(seller, 2)
        assert [(await counts(*one)).get("available", 0) for one in held] == [3, 0, 2, 1]
        assert await seller.invariants() == []


@in_loop
async def test_gifts_that_are_made_while_the_payment_is_undone_escape_nothing(own_selling: Selling) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(AT_ONCE)
        await double_spend(seller, giver)
        await watch(seller)  # the first look sees that it is gone
        gifts = [give(giver, old, friend.did, 1) for _ in range(AT_ONCE)]
        answers, _ = await asyncio.gather(asyncio.gather(*gifts), watch(seller, 2))
        query = "SELECT COALESCE(sum(available), 0) FROM credit_account"
        left = await seller.parts.database.read(lambda tx: tx.connection.execute(text(query)).scalar_one())
        assert left == 0
        assert {one.status_code for one in answers} <= {200, 409}
        assert await seller.invariants() == []


@in_loop
async def test_credits_change_hands_only_so_often_while_their_payment_can_be_undone(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "MOST_UNDOABLE", 2)
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        for _ in range(2):
            assert (await give(giver, old, friend.did, 1)).status_code == 200
        check_problem(await give(giver, old, friend.did, 1), 409, "payment_pending")
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await watch(seller)
        assert (await give(giver, old, friend.did, 1)).status_code == 200


@pytest.mark.parametrize("point", ["gift.signed", "gift.storing", "gift.opened"])
@in_loop
async def test_a_seller_that_dies_while_it_gives_has_given_all_or_nothing(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def die(name: str) -> None:
        if name == point:
            raise Crash(name)

    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        with monkeypatch.context() as dying:
            dying.setattr(failpoints, "_armed", [die])
            assert (await give(giver, old, friend.did, 2, "key")).status_code == 500
        assert await counts(giver, old) == {"granted": 5, "available": 5}
        assert await seller.invariants() == []
        told = (await give(giver, old, friend.did, 2, "key")).json()
        assert await counts(giver, old) == {"granted": 5, "available": 3, "moved": 2}
        assert await counts(friend, told["receipt"]) == {"granted": 2, "available": 2}


@in_loop
async def test_what_was_given_ends_with_the_receipt_that_it_came_from(own_selling: Selling) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(5)
        new = (await give(giver, old, friend.did, 2)).json()
        assert new["expires_at"] == jws.read(old).payload["exp"] == jws.read(new["receipt"]).payload["exp"]
        await seller.parts.database.transact(
            lambda tx: tx.connection.execute(text("UPDATE credit_account SET expires_at = 1"))
        )
        with pytest.raises(GiftTooMuch, match="expired"):
            await seller.parts.giving.give(id_of(old), friend.did, 1, None)
        assert await seller.parts.worker._expiring.step() == 2
        assert await counts(friend, new["receipt"]) == {"granted": 2, "expired": 2}
        assert await seller.invariants() == []


@in_loop
async def test_a_gift_of_what_nobody_has_is_refused(own_selling: Selling) -> None:
    async with own_selling() as seller:
        with pytest.raises(NotFound):
            await seller.parts.giving.give("urn:uuid:none", SigningKey.generate().public.did, 1, None)


def test_the_operator_gives_a_holders_credits_to_another(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    friend = SigningKey.generate().public.did

    async def story() -> str:
        async with own_selling() as seller:
            receipt = await seller.payer().receipt(3)
            settings = seller.parts.settings
            for name, value in {
                "PAYWALL_DATA_DIR": settings.data_dir,
                "DATABASE_URL": settings.database_url,
                "PAYWALL_BLOCKFROST_URL": settings.blockfrost_url,
            }.items():
                monkeypatch.setenv(name, value)
            return id_of(receipt)

    old = asyncio.run(story())
    arguments = ("receipts", "transfer", old, "--to", friend, "--credits", "2", "--key", "one")
    printed = paywall(*arguments).strip().splitlines()[-1]
    assert paywall(*arguments).strip().splitlines()[-1] == printed
    told = paywall("receipts", "show", id_of(printed))
    assert f"{old}, 2 credits" in told
    assert friend in told
    assert "settled" in told
    assert f"2 to {friend}" in paywall("receipts", "show", old)


@in_loop
async def test_money_goes_back_to_the_payer_alone_and_not_for_what_was_given_away(
    own_selling: Selling,
) -> None:
    async with own_selling() as seller:
        giver, friend = seller.payer(), stranger(seller)
        old = await giver.receipt(6)
        new = (await give(giver, old, friend.did, 4)).json()["receipt"]
        await final(seller)
        check_problem(await refund(friend, new), 404, "not_found")
        check_problem(await refund(giver, old, 3), 409, "refund_too_much")
        assert (await refund(giver, old)).json()["credits"] == 2
        assert await counts(giver, old) == {"granted": 6, "revoked": 2, "moved": 4}
        assert await counts(friend, new) == {"granted": 4, "available": 4}
