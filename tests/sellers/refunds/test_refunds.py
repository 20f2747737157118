"""Unused credits that are given back for their money, on Cardano and on both databases."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from paywall import clock
from paywall.payments.reversing.reversals import Reversals
from paywall.rails.cardano.option import LEAST_LOVELACE
from paywall.rails.cardano.sending_back import MOST_FEE, RefundingCardanoRail
from paywall.refunds.sending import RefundSending
from shared.cardano.read.transaction import parse
from tests.support.world.image_maker import PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import Payer, Seller, Selling

REFUND = "/api/receipts/refund"
AT_ONCE = 20
CREDITS = 6


async def final(seller: Seller) -> None:
    """Nothing undoes any more what is on the chain by now, and the worker has seen that."""
    seller.devnet.blocks(seller.parts.settings.required_final_depth)
    rails = seller.parts._adapters.rails
    await Reversals(database=seller.parts.database, rails=rails, clock=clock.unix_now, pause=0).step()


async def sent(seller: Seller) -> None:
    """The worker sends what is due, and sees it arrive."""
    sending = RefundSending(
        database=seller.parts.database, rails=seller.parts._adapters.rails, clock=clock.unix_now
    )
    await sending.step()
    seller.devnet.blocks(seller.parts.settings.required_final_depth)
    await sending.step()


async def ask(
    payer: Payer, receipt: str, credits: int | None = None, key: str | None = None
) -> httpx.Response:
    headers = payer.headers(receipt, REFUND) | ({} if key is None else {"Idempotency-Key": key})
    body = {} if credits is None else {"credits": credits}
    return await payer.seller.http.post(REFUND, json=body, headers=headers)


async def bought(seller: Seller, payer: Payer) -> str:
    """A receipt whose payment is final; another one leaves ADA for the fee and the change of what goes back."""
    receipt = await payer.receipt(CREDITS)
    await payer.receipt(1)
    await final(seller)
    return receipt


async def buckets(seller: Seller) -> dict[str, int]:
    query = "SELECT granted, available, captured, revoked FROM credit_account ORDER BY granted DESC LIMIT 1"
    row = await seller.parts.database.read(lambda tx: tx.connection.execute(text(query)).mappings().one())
    return dict(row)


async def balance(seller: Seller, payer: Payer) -> int:
    return sum(one.lovelace for one in await seller.parts.chain.utxos(payer.address))


@in_loop
async def test_what_is_left_goes_back_to_who_paid(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        payer = seller.payer()
        token = await payer.buy(CREDITS)
        receipt = (await payer.pay(token)).json()["receipt"]
        assert (await payer.generate(receipt)).status_code == 200
        await final(seller)
        before, paid = await balance(seller, payer), int(payer.option(token).amount)
        answer = await ask(payer, receipt)
        told = answer.json()
        assert (answer.status_code, told["state"], told["credits"]) == (202, "due", CREDITS - 1)
        assert told["amount"] == paid * (CREDITS - 1) // CREDITS
        assert await buckets(seller) == {"granted": 6, "available": 0, "captured": 1, "revoked": 5}
        check_problem(await payer.generate(receipt), 402, "credits_exhausted")
        await sent(seller)
        now = (await seller.http.get(answer.headers["location"])).json()
        assert now["state"] == "sent"
        assert now["returned"] == await balance(seller, payer) - before
        assert told["amount"] - MOST_FEE < now["returned"] < told["amount"]
        raw = await seller.parts.chain.transaction(now["transaction"])
        assert raw is not None
        assert parse(raw).outputs[0].address == payer.address
        assert await seller.invariants() == []


@in_loop
async def test_a_part_goes_back_under_each_key_once(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await bought(seller, payer)
        first = await ask(payer, receipt, 2, "one")
        assert (await ask(payer, receipt, 2, "one")).json() == first.json()
        check_problem(await ask(payer, receipt, 3, "one"), 422, "idempotency_key_reused")
        again = await ask(payer, receipt, 2, "two")
        assert again.json()["refund_id"] != first.json()["refund_id"]
        check_problem(await ask(payer, receipt, 3), 409, "refund_too_much")
        assert (await buckets(seller))["revoked"] == 4
        before = await balance(seller, payer)
        await sent(seller)
        await sent(seller)
        states = [(await seller.http.get(one.headers["location"])).json() for one in (first, again)]
        assert [one["state"] for one in states] == ["sent", "sent"]
        assert await balance(seller, payer) - before == sum(one["returned"] for one in states)


@in_loop
async def test_twenty_who_ask_at_once_have_one_refund(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await bought(seller, payer)
        same = await asyncio.gather(*(ask(payer, receipt, 2, "key") for _ in range(AT_ONCE)))
        assert {answer.status_code for answer in same} == {202}
        assert len({answer.json()["refund_id"] for answer in same}) == 1
        assert (await buckets(seller))["revoked"] == 2
        others = await asyncio.gather(*(ask(payer, receipt, 2, f"key {n}") for n in range(AT_ONCE)))
        assert sorted(answer.status_code for answer in others) == [202, 202, *[409] * (AT_ONCE - 2)]
        assert (await buckets(seller))["available"] == 0
        assert await seller.invariants() == []


@in_loop
async def test_what_is_used_while_it_is_given_back_is_not_both(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        payer = seller.payer()
        receipt = await bought(seller, payer)
        uses = [payer.generate(receipt) for _ in range(CREDITS)]
        refunds = [ask(payer, receipt, 2) for _ in range(CREDITS)]
        answers = await asyncio.gather(*uses, *refunds)
        used = sum(answer.status_code == 200 for answer in answers[:CREDITS])
        back = 2 * sum(answer.status_code == 202 for answer in answers[CREDITS:])
        assert used + back <= CREDITS
        assert await buckets(seller) == {
            "granted": CREDITS,
            "available": CREDITS - used - back,
            "captured": used,
            "revoked": back,
        }


@in_loop
async def test_a_payment_that_can_still_be_undone_is_not_given_back(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await payer.receipt(CREDITS)
        check_problem(await ask(payer, receipt), 409, "payment_pending")
        assert (await buckets(seller))["available"] == CREDITS


@in_loop
async def test_what_an_output_cannot_hold_is_not_taken_back(
    own_selling: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RefundingCardanoRail.least_refund > LEAST_LOVELACE
    monkeypatch.setattr(RefundingCardanoRail, "least_refund", 2_000_001)
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await bought(seller, payer)
        check_problem(await ask(payer, receipt, 1), 409, "refund_too_small")
        assert (await buckets(seller))["available"] == CREDITS


@in_loop
async def test_who_does_not_hold_the_receipts_key_gives_nothing_back(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer, other = seller.payer(), seller.payer()
        receipt = await bought(seller, payer)
        bearer = {"Authorization": f"Bearer {receipt}"}
        check_problem(await seller.http.post(REFUND, json={}, headers=bearer), 401, "holder_proof_required")
        if other.did != payer.did:
            check_problem(await ask(other, receipt), 401, "holder_proof_invalid")
        headers = payer.headers(receipt, REFUND)
        assert (await seller.http.post(REFUND, json={"credits": 2}, headers=headers)).status_code == 202
        check_problem(
            await seller.http.post(REFUND, json={"credits": 2}, headers=headers), 401, "holder_proof_invalid"
        )
        check_problem(await seller.http.post(REFUND, json={}), 401, "receipt_invalid")
        assert (await buckets(seller))["revoked"] == 2


@pytest.mark.parametrize("credits", [0, -1, 1.5, True, "2", None, 10**30])
@in_loop
async def test_what_is_no_number_of_credits_is_refused(own_selling: Selling, credits: Any) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await bought(seller, payer)
        headers = payer.headers(receipt, REFUND)
        answer = await seller.http.post(REFUND, json={"credits": credits}, headers=headers)
        assert answer.status_code in {400, 409}, answer.text
        assert (await buckets(seller))["available"] == CREDITS


@in_loop
async def test_a_refund_whose_transaction_is_lost_is_sent_again_and_arrives_once(
    own_selling: Selling,
) -> None:
    """A fork takes it: the same bytes are sent again, and no others while they can still land."""
    async with own_selling() as seller:
        payer = seller.payer()
        receipt = await bought(seller, payer)
        before = await balance(seller, payer)
        location = (await ask(payer, receipt)).headers["location"]
        sending = RefundSending(
            database=seller.parts.database, rails=seller.parts._adapters.rails, clock=clock.unix_now
        )
        await sending.step()
        seller.devnet.blocks(1)
        first = (await seller.http.get(location)).json()
        assert first["state"] == "sending"
        seller.devnet.rollback(1)
        for _ in range(3):
            await sending.step()
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await sending.step()
        now = (await seller.http.get(location)).json()
        assert (now["state"], now["transaction"]) == ("sent", first["transaction"])
        assert await balance(seller, payer) - before == now["returned"]


@in_loop
async def test_a_refund_spends_nothing_that_a_fork_could_take(own_selling: Selling) -> None:
    """Over such an output it would be on its way for ever, once the fork has taken that."""
    async with own_selling() as seller:
        payer, other = seller.payer(), seller.payer()
        receipt = await bought(seller, payer)
        await other.receipt(500)  # the largest output of all, one block deep
        before = await balance(seller, payer)
        location = (await ask(payer, receipt, 4)).headers["location"]
        sending = RefundSending(
            database=seller.parts.database, rails=seller.parts._adapters.rails, clock=clock.unix_now
        )
        await sending.step()
        seller.devnet.rollback(1)
        seller.devnet.blocks(seller.parts.settings.required_final_depth + 1)
        await sending.step()
        now = (await seller.http.get(location)).json()
        assert now["state"] == "sent"
        assert await balance(seller, payer) - before == now["returned"]


@in_loop
async def test_who_gives_most_back_has_not_bought_the_rest_at_the_price_of_many(own_selling: Selling) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        token = await payer.buy(60)
        receipt = (await payer.pay(token)).json()["receipt"]
        await payer.receipt(2)
        await final(seller)
        one, many = await price(seller, 1), await price(seller, 60)
        assert one * 60 > many, "many are cheaper"
        paid = int(payer.option(token).amount)
        first = (await ask(payer, receipt, 20)).json()
        second = (await ask(payer, receipt, 39)).json()
        assert first["amount"] == paid * (many - await price(seller, 40)) // many
        assert first["amount"] + second["amount"] == paid * (many - one) // many
        check_problem(await ask(payer, receipt, 2), 409, "refund_too_much")


async def price(seller: Seller, credits: int) -> int:
    """In cents."""
    asked = await seller.http.post(
        "/api/images/buy", json={"credits": credits}, headers={"Accept": "application/json"}
    )
    return int(asked.json()["paymentRequest"]["price"]["amount"])
