"""What a payer wants to pay once, by a name of his own: x402's `payment-identifier`, or an Idempotency-Key."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from x402.extensions.bazaar import validate_discovery_extension
from x402.extensions.payment_identifier import (
    PAYMENT_IDENTIFIER,
    append_payment_identifier_to_extensions,
    validate_payment_identifier,
)

from shared.cardano.read.transaction import parse
from tests.sellers.dialects.test_x402 import refused
from tests.sellers.dialects.test_x402_public import spoiled
from tests.sellers.dialects.x402_client import Client, encoded
from tests.support.world.scenes.payment_scene import PaymentScene
from tests.support.world.wallets.devnet_wallet import Wallet

AT_ONCE = 10
NAME = "pay_7d5d747be160e280"


def named(asked: Any, raw: bytes, name: str = NAME) -> dict[str, str]:
    """A payment as PyPI `x402` names it."""
    tx_hash, index = parse(raw).inputs[0]
    payload = {"transaction": base64.b64encode(raw).decode(), "nonce": f"{tx_hash}#{index}"}
    extensions = append_payment_identifier_to_extensions(dict(asked["extensions"]), name)
    said = {"x402Version": 2, "accepted": asked["accepts"][0], "payload": payload, "extensions": extensions}
    return {"PAYMENT-SIGNATURE": encoded(said)}


@pytest.fixture
def another(paying: PaymentScene) -> Wallet:
    """Other money than the payer's: a second payment that could land beside the first."""
    wallet = Wallet(seed=0x52)
    wallet.fund(paying.devnet)
    return wallet


def second(paying: PaymentScene, client: Client, wallet: Wallet) -> bytes:
    mine = paying.wallet
    object.__setattr__(paying, "wallet", wallet)
    try:
        return client.transaction()
    finally:
        object.__setattr__(paying, "wallet", mine)


def test_a_402_says_what_the_extensions_own_library_wants(client: Client) -> None:
    extensions = client.ask()["extensions"]
    assert validate_payment_identifier(extensions[PAYMENT_IDENTIFIER]).valid
    assert validate_discovery_extension(extensions["bazaar"]).valid
    assert extensions["bazaar"]["info"]["input"]["method"] == "POST"


def test_another_payment_under_the_same_identifier_takes_no_money(
    paying: PaymentScene, client: Client, another: Wallet
) -> None:
    first = named(client.ask(), client.transaction())
    assert client.pay(first).status_code == 409
    raw = second(paying, client, another)
    refused(paying, client, named(client.ask(), raw), 409, "payment_identifier_used")
    assert not paying.submitted(raw)
    paying.devnet.blocks(2)
    receipt = client.pay(first).json()["receipt"]
    assert client.pay(first).json()["receipt"] == receipt
    refused(paying, client, named(client.ask(), raw), 409, "payment_identifier_used")


def test_of_payments_at_once_under_one_identifier_one_is_taken(
    paying: PaymentScene, client: Client, another: Wallet
) -> None:
    raws = [client.transaction(), second(paying, client, another)]
    headers = [named(client.ask(), raw, f"{NAME}_at_once") for raw in raws]

    async def at_once() -> list[httpx.Response]:
        return await asyncio.gather(*(client.send(header) for header in headers * AT_ONCE))

    codes = {answer.json()["code"] for answer in paying.stage.run(at_once())}
    assert codes == {"payment_pending", "payment_identifier_used"}
    assert [paying.submitted(raw) for raw in raws].count(True) == 1
    paying.devnet.blocks(2)
    assert {client.pay(header).status_code for header in headers} == {200, 409}


def test_an_idempotency_key_is_its_payers_own(paying: PaymentScene, client: Client, another: Wallet) -> None:
    """It may be as plain as "1": a stranger's must not stand in the way."""
    key, mine, theirs = {"Idempotency-Key": "1"}, client.transaction(), second(paying, client, another)
    for raw in (mine, theirs):
        assert client.pay(client.header(client.ask(), raw) | key).json()["code"] == "payment_pending"
    paying.devnet.blocks(2)
    again = client.header(client.ask(), client.transaction()) | key
    refused(paying, client, again, 409, "payment_identifier_used")


def test_a_payment_that_failed_keeps_no_identifier(
    paying: PaymentScene, client: Client, another: Wallet
) -> None:
    name = f"{NAME}_of_a_failure"
    failed = named(client.ask(), spoiled(client.transaction()), name)
    assert client.pay(failed).json()["code"] == "payment_mismatch"
    again = named(client.ask(), second(paying, client, another), name)
    assert client.pay(again).json()["code"] == "payment_pending"


@pytest.mark.parametrize("name", ["short", "x" * 129, "with a space in it", "ü" * 20, ""])
def test_an_identifier_of_another_form_is_refused(paying: PaymentScene, client: Client, name: str) -> None:
    asked, raw = client.ask(), client.transaction()
    asked["extensions"][PAYMENT_IDENTIFIER]["info"]["id"] = name
    tx_hash, index = parse(raw).inputs[0]
    said = {
        "x402Version": 2,
        "accepted": asked["accepts"][0],
        "payload": {"transaction": base64.b64encode(raw).decode(), "nonce": f"{tx_hash}#{index}"},
        "extensions": asked["extensions"],
    }
    refused(paying, client, {"PAYMENT-SIGNATURE": encoded(said)}, 401, "claim_invalid")
    assert not paying.submitted(raw)
