"""The canary: secrets go through a purchase and a redemption, and must be found in no log, figure or refusal."""

import asyncio
import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from paywall.products.images.maker import Picture, Subject
from shared.keys import SigningKey
from shared.tokens import jws
from tests.support.hostile.http_socket import ask, serving
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.seller import Payer, Seller, open_seller

CANARY = "a canary named Zwitscher-7f3a in a coal mine"
#: base64url of `{"alg":`
JWS_BEGINS = "eyJhbGci"
TOO_LONG = CANARY + " x" * 600


class BrokenMaker(PlainMaker):
    """Fails in a way that nobody foresaw, with the prompt in its words, when it is asked to."""

    broken = False

    async def make(self, subject: Subject, *, redemption_id: str, safety_identifier: str) -> Picture:
        if self.broken:
            raise RuntimeError(f"cannot draw {subject.text}")
        return await super().make(subject, redemption_id=redemption_id, safety_identifier=safety_identifier)


@dataclass
class Trail:
    """What was sent in confidence, and every refusal that came back."""

    requests: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def sent(self, request: httpx.Request) -> None:
        for name in ("authorization", "dpop"):
            self.others += request.headers.get(name, "").split(" ")[-1:]

    async def came(self, answer: httpx.Response) -> None:
        await answer.aread()
        if answer.status_code >= 400:
            self.refusals.append(f"{answer.headers} {answer.text}")


def test_no_secret_is_in_any_log_figure_or_refusal(tmp_path: Path, devnet: DevnetProcess) -> None:
    trail = Trail()

    async def story() -> str:
        maker = BrokenMaker()
        async with open_seller(devnet, tmp_path, maker=maker) as seller:
            seller.http.event_hooks = {"request": [trail.sent], "response": [trail.came]}
            payer = await asyncio.to_thread(seller.payer)
            trail.others += keys(seller, payer)
            await purchase_and_redemption(seller, payer, maker, trail)
            await storage_fault(seller, payer, trail)
            await seller.burn(2)
            return await seller.metrics()

    with everything_logged() as lines:
        figures = asyncio.run(story())
    logged = "\n".join(lines)
    assert "POST /api/images/generate 200" in logged, "the log was listened to"
    assert "broken by a test" in logged, "a fault is told to the operator"
    assert 'route="/api/images/generate"' in figures
    assert len(trail.refusals) >= 8
    assert found(logged, [CANARY, *trail.requests, *trail.others]) == []
    # Nor any other token: the receipt that the database refused was never shown to anybody.
    assert JWS_BEGINS not in logged
    assert found(figures, [CANARY, *trail.requests, *trail.others]) == []
    # A refusal may hold the payment request to pay, for the one who is to pay it.
    assert found("\n".join(trail.refusals), [CANARY, *trail.others]) == []


async def purchase_and_redemption(seller: Seller, payer: Payer, maker: BrokenMaker, trail: Trail) -> None:
    token = await payer.buy(4)
    wrong = payer.claim(token, raw=(await payer.build(token, token_hash=bytes(32))).raw)
    assert (await seller.claim(wrong)).status_code == 402
    payload = payer.claim(token, raw=(await payer.build(token)).raw)
    trail.requests.append(token)
    trail.others += [wrong, payload]
    assert (await seller.claim(payload)).status_code == 202
    await asyncio.to_thread(seller.devnet.blocks)
    receipt = str((await seller.claim(payload)).json()["receipt"])
    trail.others.append(receipt)
    assert (await payer.generate(receipt, {"prompt": CANARY}, key="one")).status_code == 200
    assert (await payer.generate(receipt, {"prompt": CANARY + "!"}, key="one")).status_code == 422
    for body in (
        {"prompt": TOO_LONG},
        {"name": CANARY},
        {"prompt": CANARY, "name": CANARY},
        {"prompt": [CANARY]},
    ):
        assert (await payer.generate(receipt, body)).status_code in {400, 422}
    maker.broken = True
    assert (await payer.generate(receipt, {"prompt": CANARY})).status_code == 502
    maker.broken = False
    await seller.http.post("/api/images/generate", json={"receipt": receipt, "prompt": CANARY})
    spoiled = {"Authorization": f"Bearer {receipt[:-4]}", "DPoP": payer.proof("GET", "/api/credits")}
    assert (await seller.http.get("/api/credits", headers=spoiled)).status_code == 401
    await seller.http.post("/api/images/buy", content=f'{{"credits": "{CANARY}'.encode())
    async with serving(seller.parts.app) as port:  # httpx would log these addresses itself
        for target in (f"/api/images/{receipt}", f"/api/credits?receipt={receipt}", f"/{receipt}"):
            trail.refusals.append((await ask(port, "GET", target)).text)


async def storage_fault(seller: Seller, payer: Payer, trail: Trail) -> None:
    """The database refuses a row that holds a receipt: the fault is logged, the row is not."""
    token = await payer.buy(1)
    payload = payer.claim(token, raw=(await payer.build(token)).raw)
    trail.requests.append(token)
    trail.others.append(payload)
    assert (await seller.claim(payload)).status_code == 202
    await asyncio.to_thread(seller.devnet.blocks)
    trap = "CREATE TRIGGER trap BEFORE INSERT ON receipt BEGIN SELECT RAISE(ABORT, 'broken by a test'); END"
    await seller.parts.database.transact(lambda tx: tx.connection.exec_driver_sql(trap) and None)
    async with serving(seller.parts.app) as port:
        body = f'{{"payload":"{payload}"}}'.encode()
        answer = await ask(port, "POST", "/api/payments", body=body)
    assert answer.status_code == 500
    trail.refusals.append(answer.text)


def keys(seller: Seller, payer: Payer) -> list[str]:
    """Every private key, in each spelling that a log could show."""
    seeds = [payer.key.seed]
    texts = []
    for path in seller.parts.settings.folder.glob("*.pem"):
        pem = path.read_text()
        texts.append(pem.splitlines()[1])
        seeds.append(base64.b64decode(texts[-1])[-32:])
    assert len(texts) == 3
    return [*texts, *(seed.hex() for seed in seeds), *(repr(seed)[2:-1] for seed in seeds)]


def found(text: str, secrets: list[str]) -> list[str]:
    """The secrets that stand in `text`, whole or by the part of a token that cannot be guessed."""
    parts = {secret.rpartition(".")[2] if secret.count(".") == 2 else secret for secret in secrets}
    bodies = {secret.split(".")[1] for secret in secrets if secret.count(".") == 2}
    return [secret for secret in parts | bodies if len(secret) > 15 and secret in text]


def test_the_search_finds_what_is_there() -> None:
    token = jws.sign({"canary": CANARY}, SigningKey.generate())
    assert found(f"... {token} ...", [token]) != []
    assert found(f"... {CANARY} ...", [CANARY]) == [CANARY]
    assert found("...", [token, CANARY]) == []


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Every line that anything logs, exceptions in full."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.name} {self.format(record)}")

    root, listener = logging.getLogger(), Listener()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(listener)
