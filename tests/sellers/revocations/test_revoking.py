"""Receipts that the operator revokes, on both databases."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from paywall.cli.main import main
from paywall.errors import NotFound
from shared.tokens import jws
from tests.sellers.payments.test_reversals import double_spend, watch
from tests.support.world.image_maker import SLOW, PlainMaker
from tests.support.world.loop import in_loop
from tests.support.world.scenes.stage import check_problem
from tests.support.world.seller import Payer, Seller, Selling
from tests.support.world.settling import request_of, status

REFUND = "/api/receipts/refund"


def id_of(receipt: str) -> str:
    return str(jws.unverified(receipt)[1]["jti"])


async def buckets(seller: Seller) -> dict[str, int]:
    query = "SELECT granted, available, reserved, captured, revoked FROM credit_account"
    row = await seller.parts.database.read(lambda tx: tx.connection.execute(text(query)).mappings().one())
    return dict(row)


async def refund(payer: Payer, receipt: str) -> Any:
    return await payer.seller.http.post(REFUND, json={}, headers=payer.headers(receipt, REFUND))


@in_loop
async def test_a_revoked_receipt_is_good_for_nothing_any_more(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        receipt = (await payer.pay(token)).json()["receipt"]
        assert (await payer.generate(receipt, {"prompt": "a cat"}, "first")).status_code == 200
        assert await seller.parts.revoking.revoke(id_of(receipt), "stolen") == 2
        assert await seller.parts.revoking.revoke(id_of(receipt), "again") is None
        assert await buckets(seller) == {
            "granted": 3,
            "available": 0,
            "reserved": 0,
            "captured": 1,
            "revoked": 2,
        }
        check_problem(await payer.generate(receipt, {"prompt": "a dog"}), 401, "receipt_revoked")
        again = await payer.generate(receipt, {"prompt": "a cat"}, "first")
        assert again.status_code == 200  # what was delivered stays delivered
        seen = await status(seller, payer, request_of(seller, token))
        assert (seen["state"], seen["credits"]["revoked"]) == ("paid", 2)
        assert (await seller.http.get("/api/catalog")).status_code == 200
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await watch(seller)
        check_problem(await refund(payer, receipt), 401, "receipt_revoked")
        assert await seller.invariants() == []


@in_loop
async def test_what_is_no_receipt_is_not_revoked(own_selling: Selling) -> None:
    async with own_selling() as seller:
        with pytest.raises(NotFound):
            await seller.parts.revoking.revoke("urn:uuid:none", None)


@in_loop
async def test_what_was_reserved_when_it_was_revoked_is_revoked_when_it_is_released(
    own_selling: Selling,
) -> None:
    maker = PlainMaker()
    async with own_selling(maker=maker) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(3)
        drawing = asyncio.create_task(payer.generate(receipt, {"prompt": SLOW}))
        await maker.started.wait()
        assert await seller.parts.revoking.revoke(id_of(receipt), None) == 2
        await seller.parts.database.transact(
            lambda tx: tx.connection.execute(text("UPDATE redemption SET deadline = 0"))
        )
        assert await seller.parts.worker._sweeping.sweep() == 1
        assert (await buckets(seller))["revoked"] == 3
        maker.released.set()
        await drawing
        assert await seller.invariants() == []


@pytest.mark.parametrize("first", ["operator", "chain"])
@in_loop
async def test_a_payment_that_stands_after_all_gives_nothing_back_that_the_operator_revoked(
    own_selling: Selling, first: str
) -> None:
    async with own_selling() as seller:
        payer = seller.payer()
        token = await payer.buy(3)
        built = await payer.build(token)
        claim = payer.claim(token, raw=built.raw)
        await seller.claim(claim)
        seller.devnet.blocks()
        receipt = (await seller.claim(claim)).json()["receipt"]
        if first == "operator":
            await seller.parts.revoking.revoke(id_of(receipt), None)
        await double_spend(seller, payer)
        await watch(seller, 2)
        check_problem(await seller.claim(claim), 409, "payment_reversed")
        if first == "chain":
            assert await seller.parts.revoking.revoke(id_of(receipt), None) == 0
        seller.devnet.rollback(1)
        assert seller.devnet.submit(built.raw).status_code == 200
        seller.devnet.blocks(seller.parts.settings.required_final_depth)
        await watch(seller, 2)
        assert (await status(seller, payer, request_of(seller, token)))["state"] == "paid"
        assert await buckets(seller) == {
            "granted": 3,
            "available": 0,
            "reserved": 0,
            "captured": 0,
            "revoked": 3,
        }
        check_problem(await payer.generate(receipt), 401, "receipt_revoked")
        assert await seller.invariants() == []


@in_loop
async def test_twenty_uses_and_a_revocation_at_once_leave_the_books_right(own_selling: Selling) -> None:
    async with own_selling(maker=PlainMaker()) as seller:
        payer = seller.payer()
        receipt = await payer.receipt(20)
        revoke = [seller.parts.revoking.revoke(id_of(receipt), None) for _ in range(20)]
        answers = await asyncio.gather(*(payer.generate(receipt) for _ in range(20)), *revoke)
        used = sum(getattr(one, "status_code", 0) == 200 for one in answers[:20])
        assert sum(isinstance(one, int) for one in answers[20:]) == 1
        found = await buckets(seller)
        assert (found["captured"], found["captured"] + found["revoked"]) == (used, 20)
        assert await seller.invariants() == []


def test_the_operator_lists_shows_and_revokes(
    own_selling: Selling, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> tuple[str, str, dict[str, str]]:
        async with own_selling() as seller:
            payer = seller.payer()
            receipt = await payer.receipt(3)
            settings = seller.parts.settings
            variables = {
                "PAYWALL_DATA_DIR": settings.data_dir,
                "DATABASE_URL": settings.database_url,
                "PAYWALL_BLOCKFROST_URL": settings.blockfrost_url,
            }
            return id_of(receipt), payer.did, variables

    receipt, holder, variables = asyncio.run(story())
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    listed = paywall("receipts", "list")
    assert receipt in listed
    assert listed.rstrip().endswith("good")
    assert "3 credits are taken back" in paywall("receipts", "revoke", receipt, "--reason", "a\x1b[31mtheft")
    assert "was revoked before" in paywall("receipts", "revoke", receipt)
    told = paywall("receipts", "show", receipt)
    for word in (holder, "3 revoked", "revoked by the operator", "a [31mtheft", "settled"):
        assert word in told
    assert receipt in paywall("receipts", "list", "--revoked")
    assert CliRunner().invoke(main, ["receipts", "revoke", "urn:uuid:none"]).exit_code == 2


def paywall(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.output
