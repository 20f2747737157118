"""What others can see, spoil or send first of a payment that names no payment request (x402's on Cardano)."""

import asyncio

import pytest
from sqlalchemy import update
from sqlmodel import col

from paywall.payments import settlement
from paywall.sales.tables import PaymentRequestRow
from paywall.web.payments import by_header
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from tests.sellers.dialects.test_x402 import refused
from tests.sellers.dialects.x402_client import Client
from tests.sellers.threats.test_threats_inputs import with_witness
from tests.support.world.scenes.payment_scene import PaymentScene
from tests.support.world.seller import NETWORK
from tests.support.world.wallets.devnet_wallet import TTL, VALID_FROM, Wallet

#: signatures that make a transaction dearer than the fee it pays
TOO_MANY = 60


def spoiled(raw: bytes) -> bytes:
    """The same transaction by its id, which the ledger refuses."""
    for number in range(TOO_MANY):
        raw = with_witness(raw, SigningKey.from_seed(bytes([number, 7]) * 16))
    return raw


def test_a_copy_that_others_spoiled_takes_no_payment_from_its_payer(
    paying: PaymentScene, client: Client
) -> None:
    raw = client.transaction()
    theirs = client.header(client.ask(), spoiled(raw))
    assert client.pay(theirs).json()["code"] == "payment_mismatch"
    mine = client.header(client.ask(), raw)
    assert client.pay(mine).json()["code"] == "payment_pending"
    assert client.pay(theirs).json()["code"] == "payment_already_used"
    paying.devnet.blocks(2)
    assert client.pay(mine).status_code == 200
    assert client.pay(theirs).json()["code"] == "payment_already_used"


def test_bytes_that_were_refused_are_not_what_is_sent_when_good_ones_are_shown(
    paying: PaymentScene, client: Client
) -> None:
    raw, asked = client.transaction(), client.ask()
    assert client.pay(client.header(asked, spoiled(raw))).json()["code"] == "payment_mismatch"
    assert client.pay(client.header(asked, raw)).json()["code"] == "payment_pending"
    paying.devnet.blocks(2)
    assert client.pay(client.header(asked, raw)).status_code == 200


def test_what_was_sent_before_it_was_shown_pays_nothing_and_is_not_asked_for_again(
    paying: PaymentScene, client: Client
) -> None:
    raw = client.transaction()
    assert paying.devnet.submit(raw).status_code == 200
    header = client.header(client.ask(), raw)
    refused(paying, client, header, 409, "payment_pending")
    paying.devnet.blocks(1)
    refused(paying, client, header, 409, "payment_unnamed")


def test_a_transaction_on_the_chain_is_not_asked_for_again_when_its_time_is_over(
    paying: PaymentScene, client: Client
) -> None:
    last = int(paying.devnet.get("/blocks/latest")["slot"]) + 60
    raw = client.transaction(fields={TTL: last})
    paying.land(raw)
    while int(paying.devnet.get("/blocks/latest")["slot"]) <= last:
        paying.devnet.blocks(10)
    refused(paying, client, client.header(client.ask(), raw), 409, "payment_unnamed")


def test_the_sellers_own_money_pays_nothing(paying: PaymentScene, client: Client) -> None:
    """Bytes of his that others saw on their way to the chain."""
    folder = paying.stage.seller.parts.settings.folder
    sellers = Wallet()
    sellers.key = SigningKey.from_pem((folder / "treasury.pem").read_bytes())
    sellers.address = enterprise_address(sellers.key.public, NETWORK)
    coin = sellers.fund(paying.devnet)
    body = sellers.body(coin) | {TTL: int(paying.devnet.get("/blocks/latest")["slot"]) + 300}
    raw = sellers.sign(body)
    assert paying.payer.option(paying.buy()).recipient == sellers.address
    refused(paying, client, client.header(client.ask(), raw), 402, "payment_mismatch")
    assert not paying.submitted(raw)


def test_what_is_not_valid_yet_is_not_taken(paying: PaymentScene, client: Client) -> None:
    slot = int(paying.devnet.get("/blocks/latest")["slot"])
    raw = client.transaction(fields={VALID_FROM: slot + 200})
    refused(paying, client, client.header(client.ask(), raw), 402, "payment_mismatch")
    assert not paying.submitted(raw)


def paid(paying: PaymentScene, client: Client) -> tuple[dict[str, str], str]:
    """A header whose payment is final, and the receipt that it gave."""
    header = client.header(client.ask(), client.transaction())
    assert client.pay(header).status_code == 409
    paying.devnet.blocks(2)
    return header, client.pay(header).json()["receipt"]


def test_a_lost_receipt_is_given_again_behind_the_requests_expiry(
    paying: PaymentScene, client: Client
) -> None:
    header, receipt = paid(paying, client)
    gone = update(PaymentRequestRow).values(expires_at=paying.stage.seller.now() - 60)
    database = paying.stage.seller.parts.database
    this = gone.where(col(PaymentRequestRow.id) == client.named(header))
    paying.stage.run(database.transact(lambda tx: tx.session.exec(this)))
    assert client.pay(header).json()["receipt"] == receipt


def test_a_payment_that_others_can_read_gives_no_receipt_for_ever(
    paying: PaymentScene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    header, _ = paid(paying, client)
    monkeypatch.setattr(settlement, "REPEATED_SECONDS", 0)
    refused(paying, client, header, 409, "claim_used")


def test_what_was_claimed_by_a_signature_is_given_to_nobody_without_one(
    paying: PaymentScene, client: Client
) -> None:
    """Who overheard the claim has the payment request's token, and the network has the transaction."""
    asked = client.ask()
    token = asked["extensions"]["offer-receipt"]["info"]["offers"][0]["signature"]
    raw = paying.signed(token)
    claim = paying.claim_by(paying.wallet.key, token, tx_hash=paying.land(raw))
    assert paying.stage.run(paying.stage.seller.claim(claim)).status_code == 200
    refused(paying, client, client.header(asked, raw), 409, "claim_used")


def test_so_many_answers_wait_and_the_others_are_told_to_come_again(
    paying: PaymentScene, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_header, "WAITING_EACH", 1)
    monkeypatch.setattr(by_header.PaymentsByHeader, "patience", 60.0)
    header = client.header(client.ask(), client.transaction())

    async def two() -> tuple[int, int]:
        first = asyncio.ensure_future(client.send(header))
        second = asyncio.ensure_future(client.send(header))
        done, waiting = await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
        paying.devnet.blocks(2)
        (told,), (waited,) = done, waiting
        return told.result().status_code, (await waited).status_code

    assert paying.stage.run(two()) == (409, 200)
