"""Whom the buyer believes: about the chain, and about who the seller is."""

import asyncio
import json
import sqlite3

import httpx
import pytest

from buyer.errors import SellerFault, nothing
from buyer.seller import identity
from buyer.seller.http import SellerHttp
from buyer.wallet import chains
from buyer.wallet.chains import OfferedChain
from buyer.wallet.schema import SCHEMA
from shared.keys import PublicKey, SigningKey, did_document

KEY, STRANGER = SigningKey.from_seed(b"k" * 32), SigningKey.from_seed(b"x" * 32)
WEB, HERE = "did:web:seller.example", "http://localhost:8402"


def test_a_network_that_nobody_knows_never_becomes_a_part_of_a_host_that_is_asked() -> None:
    for network in ("voucher:shop", "cardano:marsnet", "evil.example"):
        with pytest.raises(SellerFault) as caught:
            chains.locate(OfferedChain(network, None, HERE), {"BLOCKFROST_PROJECT_ID": "secret"})
        assert caught.value.code == "network_unknown"


def keys_of(did: str, reply: httpx.Response) -> list[PublicKey]:
    async def ask() -> list[PublicKey]:
        transport = httpx.MockTransport(lambda request: reply)
        http = SellerHttp("https://seller.example", trace=nothing, transport=transport)
        try:
            return list(await identity.keys_of(did, http))
        finally:
            await http.aclose()

    return asyncio.run(ask())


def answer(status: int, content: bytes, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


def document(did: str, key: SigningKey = KEY) -> httpx.Response:
    return answer(200, json.dumps(did_document(did, [key.public])).encode())


def test_a_did_key_speaks_for_itself() -> None:
    assert keys_of(KEY.public.did, httpx.Response(500)) == [KEY.public]


def test_a_did_web_speaks_through_the_document_of_exactly_that_host() -> None:
    assert keys_of(WEB, document(WEB)) == [KEY.public]


@pytest.mark.parametrize(
    ("did", "reply"),
    [
        ("did:web:selIer.example", document("did:web:selIer.example")),
        ("did:web:seller.example.evil", document("did:web:seller.example.evil")),
        ("did:web:seller.example%3A8443", document("did:web:seller.example%3A8443")),
        ("did:web:127.0.0.1", document("did:web:127.0.0.1")),
        (WEB, document("did:web:other.example")),
        (WEB, answer(302, b"", Location="https://evil.example/did.json")),
        (WEB, answer(404, b"")),
        (WEB, answer(200, b"[" * 100)),
        (WEB, answer(200, b" " * 70_000)),
        ("did:key:z6MkBroken", httpx.Response(200)),
        ("did:ethr:0x1", httpx.Response(200)),
    ],
    ids=[
        "lookalike",
        "lookalike by suffix",
        "another port",
        "loopback",
        "another's document",
        "redirect",
        "none",
        "nested",
        "huge",
        "broken key",
        "unknown method",
    ],
)
def test_an_identity_that_is_not_this_sellers_is_refused(did: str, reply: httpx.Response) -> None:
    with pytest.raises(SellerFault):
        keys_of(did, reply)


@pytest.mark.parametrize(
    ("did", "named"),
    [
        ("did:web:shop.example", "shop.example"),
        ("did:web:shop.example%3A8443:north", "shop.example:8443"),
        ("did:web:\x1b[2Jshop", "another host"),
    ],
)
def test_a_host_that_speaks_in_anothers_name_is_told_with_that_name(did: str, named: str) -> None:
    with pytest.raises(SellerFault) as caught:
        keys_of(did, answer(404, b""))
    assert caught.value.code == "identity_foreign"
    assert str(caught.value) == f"https://seller.example says that it is {named}"


def test_the_first_identity_of_an_origin_is_the_only_one_believed() -> None:
    db = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        db.execute(statement)
    identity.pin(db, "https://a", KEY.public.did, 1)
    identity.pin(db, "https://a", KEY.public.did, 2)
    identity.pin(db, "https://b", STRANGER.public.did, 3)
    with pytest.raises(SellerFault) as caught:
        identity.pin(db, "https://a", STRANGER.public.did, 4)
    db.close()
    assert caught.value.code == "identity_changed"
    assert KEY.public.did in str(caught.value)
