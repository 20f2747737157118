"""A new key signs, the old ones still verify, until nothing that they signed counts any more."""

import asyncio
import json
from collections.abc import Callable

import pytest

from paywall.cli.key_commands import list_seller_keys, rotate_seller_key
from paywall.database.engine import Transaction
from paywall.database.opening import open_database
from paywall.errors import SetupError
from paywall.keys import rotation
from paywall.keys.identity import Identity
from paywall.keys.ring import key_file
from paywall.keys.signers.file import FileSigner
from paywall.keys.tables import SellerKeyRow
from paywall.sales.tables import PaymentRequestRow
from shared.keys import PublicKey, SigningKey, keys_of_document
from shared.tokens import jws
from tests.support.world.loop import in_loop
from tests.support.world.seller import BASE, Payer, Seller, Selling

DAY = 86_400
KEEP = 365 * DAY + 900
URLS = pytest.mark.parametrize("public_url", ["", BASE], ids=["did:key", "did:web"])


def rotate(seller: Seller) -> None:
    """What the command does, to a key that is not encrypted."""
    path, kept = rotate_seller_key(seller.parts.settings)
    assert path == key_file(seller.parts.settings, "seller")
    assert {path.stat().st_mode & 0o777, kept.stat().st_mode & 0o777} == {0o600}


async def spend(seller: Seller, payer: Payer, receipt: str) -> int:
    """The status of an image for one credit."""
    payer.seller = seller
    return (await payer.generate(receipt)).status_code


async def listed(seller: Seller) -> list[PublicKey]:
    document = (await seller.http.get("/.well-known/did.json")).json()
    return keys_of_document(document, seller.did)


@URLS
@in_loop
async def test_receipts_of_every_earlier_key_are_still_good(selling: Selling, public_url: str) -> None:
    receipts: list[tuple[str, PublicKey]] = []
    async with selling(public_url=public_url) as seller:
        payer = seller.payer()
        receipts.append((await payer.receipt(1), seller.keys[0]))
        rotate(seller)
    async with selling(public_url=public_url) as seller:
        payer.seller = seller
        receipts.append((await payer.receipt(1), seller.keys[0]))
        rotate(seller)
    async with selling(public_url=public_url) as seller:
        payer.seller = seller
        receipts.append((await payer.receipt(1), seller.keys[0]))
        assert len({signer.did for _, signer in receipts}) == 3
        assert len(set(await listed(seller))) == 3
        for receipt, signer in receipts:
            jws.verify(receipt, [signer])
            assert await spend(seller, payer, receipt) == 200


@URLS
@in_loop
async def test_a_payment_request_of_the_old_key_can_be_paid_under_the_new_one(
    selling: Selling, public_url: str
) -> None:
    async with selling(public_url=public_url) as old:
        payer = old.payer()
        token = await payer.buy(2)
        payload = payer.claim(token, raw=(await payer.build(token)).raw)
        rotate(old)
    async with selling(public_url=public_url) as new:
        assert (await new.claim(payload)).status_code == 202
        new.devnet.blocks()
        receipt = (await new.claim(payload)).json()["receipt"]
        jws.verify(receipt, [new.keys[0]])
        assert await spend(new, payer, receipt) == 200


@in_loop
async def test_a_seller_that_gets_a_url_still_takes_what_it_signed_before(selling: Selling) -> None:
    async with selling() as before:
        payer = before.payer()
        receipt = await payer.receipt(1)
    async with selling(public_url=BASE) as after:
        assert after.did != before.did
        assert await spend(after, payer, receipt) == 200


def test_a_url_that_cannot_be_a_name_is_told_in_a_sentence() -> None:
    signer = FileSigner(SigningKey.from_seed(b"1" * 32))
    with pytest.raises(SetupError, match=r"PAYWALL_PUBLIC_URL: .*needs https"):
        Identity(requests=signer, receipts=signer, public_url="http://shop.example")


@in_loop
async def test_a_key_that_the_seller_never_signed_with_is_nobodys(selling: Selling) -> None:
    async with selling() as seller:
        payer = seller.payer()
        rotate(seller)
    async with selling() as seller:
        payer.seller = seller
        payload = jws.unverified(await payer.receipt(1))[1]
        forger = SigningKey.generate()
        for issuer in (forger.public.did, seller.did, *(key.did for key in seller.keys)):
            forged = jws.sign({**payload, "iss": issuer}, forger)
            assert await spend(seller, payer, forged) == 401


@in_loop
async def test_one_did_key_does_not_speak_for_another(selling: Selling) -> None:
    """An old key that came into other hands makes no receipt of the new identity."""
    async with selling() as seller:
        payer = seller.payer()
        old = SigningKey.from_pem(key_file(seller.parts.settings, "seller").read_bytes())
        rotate(seller)
    async with selling() as seller:
        payer.seller = seller
        payload = jws.unverified(await payer.receipt(1))[1]
        assert payload["iss"] == seller.did != old.public.did
        assert await spend(seller, payer, jws.sign(payload, old)) == 401


def test_the_list_tells_which_key_signs_and_until_when_the_others_verify(selling: Selling) -> None:
    async def story() -> Seller:
        async with selling() as seller:
            rotate(seller)
        async with selling() as seller:
            return seller

    seller = asyncio.run(story())
    lines = dict(line.split("  ", 1) for line in list_seller_keys(seller.parts.settings))
    assert lines[seller.did].endswith("signs")
    (other,) = (text for did, text in lines.items() if did != seller.did)
    assert "verifies until 20" in other


Function = Callable[[Transaction], list[list[PublicKey]]]
ONE, TWO, THREE = (SigningKey.generate().public for _ in range(3))


def request(created_at: int, state: str = "open") -> PaymentRequestRow:
    return PaymentRequestRow(
        id=f"{created_at}",
        token=json.dumps(created_at),
        product="image-credit",
        credits=1,
        price=100,
        currency="USD",
        state=state,
        created_at=created_at,
        expires_at=created_at + 900,
    )


def test_a_retired_key_is_dropped_when_nothing_that_it_signed_can_count(database_url: str) -> None:
    retired = 1_000

    def function(tx: Transaction) -> list[list[PublicKey]]:
        tx.session.add(request(retired - 1))
        tx.session.add(request(retired + 1, "settling"))
        rotation.rotate_to(tx, [ONE], 0, KEEP)
        times = (retired, retired + KEEP, retired + KEEP + 1)
        return [rotation.rotate_to(tx, [TWO], now, KEEP) for now in times]

    before, last, after = asyncio.run(_on_database(database_url, function))
    assert ONE in before
    assert ONE in last
    assert ONE not in after


@pytest.mark.parametrize("created_at", [1, 1_000])
def test_a_retired_key_stays_while_a_payment_from_its_time_is_settling(
    database_url: str, created_at: int
) -> None:
    def function(tx: Transaction) -> list[list[PublicKey]]:
        tx.session.add(request(created_at, "settling"))
        rotation.rotate_to(tx, [ONE], 0, KEEP)
        return [rotation.rotate_to(tx, [TWO], now, KEEP) for now in (1_000, 9_000 + KEEP)]

    for others in asyncio.run(_on_database(database_url, function)):
        assert ONE in others


@in_loop
async def test_a_retired_key_stays_while_a_receipt_of_its_time_runs(selling: Selling) -> None:
    """Also when the catalog promises less than it did then."""
    async with selling() as seller:
        await seller.payer().receipt(1)
        now = seller.now()

        def function(tx: Transaction) -> list[list[PublicKey]]:
            return [
                rotation.rotate_to(tx, [TWO], when, 0) for when in (now + 1, now + 364 * DAY, now + 366 * DAY)
            ]

        soon, later, after = await seller.parts.database.transact(function)
        (key,) = seller.keys
        assert key in soon
        assert key in later
        assert key not in after


def test_receipts_with_a_key_of_their_own_still_verify_when_it_signs_no_longer(database_url: str) -> None:
    def function(tx: Transaction) -> list[list[PublicKey]]:
        return [rotation.rotate_to(tx, keys, 1_000, KEEP) for keys in ([ONE, TWO], [THREE, TWO], [THREE])]

    both, one_less, none = asyncio.run(_on_database(database_url, function))
    assert (both, one_less, set(none)) == ([], [ONE], {ONE, TWO})


@in_loop
async def test_a_seller_notes_every_key_that_it_signs_with(selling: Selling) -> None:
    async with selling() as seller:
        receipts = FileSigner(SigningKey.generate())
        requests = FileSigner(SigningKey.generate())
        identity = Identity(requests=requests, receipts=receipts, public_url=None)
        assert identity.signing == (requests.public, receipts.public)
        seller.parts.identity = identity
        await seller.parts.start()
        rows = await seller.parts.database.read(rotation.known)
        assert {row.did for row in rows if row.retired_at is None} == {key.did for key in identity.signing}
        assert {key.did for key in identity.keys} == {row.did for row in rows}


def test_a_key_that_signs_again_is_no_longer_retired(database_url: str) -> None:
    def function(tx: Transaction) -> list[list[PublicKey]]:
        for now, key in enumerate((ONE, TWO, ONE)):
            rotation.rotate_to(tx, [key], now, KEEP)
        row = tx.session.get(SellerKeyRow, ONE.did)
        assert row is not None
        tx.session.refresh(row)
        assert (row.since, row.retired_at) == (0, None)
        return []

    asyncio.run(_on_database(database_url, function))


async def _on_database(database_url: str, function: Function) -> list[list[PublicKey]]:
    database = open_database(database_url)
    try:
        return await database.transact(function)
    finally:
        database.close()
