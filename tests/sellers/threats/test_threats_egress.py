"""Tokens that name addresses: the seller calls none of them.

Threats of `reference/reliability.md` under "Tokens".
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from shared.tokens import jws
from tests.support.world.scenes.scene import GENERATE, THIEF, Scene


def test_no_token_makes_the_seller_call_anybody(scene: Scene) -> None:
    """Key addresses, DID documents and chains of a token are never fetched, whatever they point to."""

    async def story() -> list[int]:
        calls: list[str] = []

        def called(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append("call")
            writer.close()

        listener = await asyncio.start_server(called, "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            answers = [await send for send in luring(scene, port)]
            assert calls == []
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
            assert calls == ["call"], "the listener would have noticed"
        return [answer.status_code for answer in answers]

    before = scene.stage.ledger()
    assert set(scene.stage.run(story())) <= {400, 401}
    assert scene.stage.ledger() == before


def luring(scene: Scene, port: int) -> Iterator[Any]:
    """Requests whose tokens name keys at the loopback `port`."""
    page, web = f"http://127.0.0.1:{port}/keys.json", f"did:web:127.0.0.1%3A{port}"
    payload = jws.unverified(scene.bearer)[1]
    for member, value in (("jku", page), ("x5u", page), ("kid", page), ("jwk", THIEF.public.jwk)):
        token = jws.sign(payload, THIEF, header={member: value})
        yield scene.http.post(GENERATE, headers={"Authorization": f"Bearer {token}"})
    lure = jws.sign({**payload, "iss": web}, THIEF)
    yield scene.http.post(GENERATE, json={"receipt": lure})
    credential = {**payload["vc"], "credentialStatus": {"id": page, "statusListCredential": page}}
    listed = jws.sign({**payload, "vc": credential}, scene.stage.key)
    yield scene.http.post(GENERATE, json={"receipt": listed})
    good = payload["vc"]["credentialSubject"]["paymentRequestToken"]
    foreign = jws.sign({**jws.unverified(good)[1], "iss": web}, THIEF)
    yield scene.stage.seller.claim(jws.sign(scene.claims(foreign), scene.payer.key))
    yield scene.stage.seller.claim(jws.sign({**scene.claims(good), "payerDid": web, "iss": web}, THIEF))
    yield scene.http.post("/api/images/buy", json={"credits": 1, "holder": web})
