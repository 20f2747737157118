"""Payers who cheat, and strangers at other people's payments: over the wire, with transactions made by hand."""

import asyncio
from typing import Any

import cbor2
import httpx

from shared.cardano.coins import Utxo
from shared.cardano.read.transaction import parse
from shared.keys import SigningKey
from tests.chaos.shopper import FUNDS, Shopper
from tests.chaos.stories.stage import LOOKS_SECONDS, Stage, Story
from tests.chaos.world import CONFIRMATIONS

USE = "/api/images/generate"
REQUEST_SECONDS, PAYMENT_SECONDS = 12, 7


def _also_signed(raw: bytes, key: SigningKey) -> bytes:
    """The same transaction with one more signature, which is no part of its id."""
    body, witnesses, valid, auxiliary = cbor2.loads(raw)
    signature = key.sign(bytes.fromhex(parse(raw).id))
    more: dict[int, Any] = {**witnesses, 0: [*witnesses[0], [key.public.raw, signature]]}
    return b"\x84" + b"".join(cbor2.dumps(part) for part in (body, more, valid, auxiliary))


def _expect(stage: Stage, answer: httpx.Response, statuses: tuple[int, ...], promise: str) -> None:
    if answer.status_code not in statuses:
        stage.broken.append(f"{promise}: {answer.status_code} {answer.text[:300]}")


def _shopper(stage: Stage) -> Shopper:
    shopper = Shopper(stage.devnet, stage.url)
    shopper.fund()
    stage.devnet.blocks()
    return shopper


async def _anothers_payment(stage: Stage) -> None:
    await stage.open()
    payer, thief = _shopper(stage), Shopper(stage.devnet, stage.url)
    token = await payer.order()
    seen = _also_signed((await payer.pay(token)).raw, thief.key)
    _expect(stage, await thief.claim(token, seen), (401,), "6: a stranger claimed another's payment")


async def _nothing_is_paid(stage: Stage) -> None:
    await stage.open()
    payer = Shopper(stage.devnet, stage.url)
    token = await payer.order(holder=True)
    nowhere = [Utxo("ab" * 32, 0, payer.address, FUNDS, {})]
    answer = await payer.claim(token, (await payer.pay(token, utxos=nowhere)).raw)
    _expect(stage, answer, (409,), "6: a claim of outputs that do not exist was taken")


async def _one_output_for_two(stage: Stage) -> None:
    await stage.open()
    stage.mining = False
    payer = _shopper(stage)
    first, second = await payer.order(), await payer.order()
    built = [await payer.pay(token) for token in (first, second)]
    _expect(stage, await payer.claim(first, built[0].raw), (202,), "7: a payment was not taken")
    _expect(stage, await payer.claim(second, built[1].raw), (409,), "6: one output is behind two payments")
    stage.paid_besides += 1


async def _overheard_claim(stage: Stage) -> None:
    await stage.open()
    payer = _shopper(stage)
    token = await payer.order()
    body = {"payload": payer.claimed(token, (await payer.pay(token)).raw)}
    answer = await payer.ask("POST", "/api/payments", body)
    while answer.status_code == 202:
        await asyncio.sleep(0.1)
        answer = await payer.ask("POST", "/api/payments", body)
    _expect(stage, answer, (200,), "7: a payment that landed was not taken")
    again = await payer.ask("POST", "/api/payments", body)
    _expect(stage, again, (409,), "6: a claim that was overheard gave the receipt again")
    stage.paid_besides += 1


async def _paid_and_undone(stage: Stage) -> None:
    """The payment is taken back with its block, and its money goes elsewhere."""
    await stage.open()
    payer = _shopper(stage)
    token, rival = await payer.order(), await payer.order()
    paid, elsewhere = await payer.pay(token), await payer.pay(rival)
    stage.mining = False
    await payer.claim(token, paid.raw)
    stage.devnet.blocks(CONFIRMATIONS)
    await stage.until(lambda: stage.count("payment", "settled"), "a settled payment")
    stage.devnet.rollback(CONFIRMATIONS)
    stage.devnet.submit(elsewhere.raw)
    stage.devnet.blocks(CONFIRMATIONS)
    stage.mining = True
    await asyncio.sleep(LOOKS_SECONDS * 2)
    if not stage.count("payment", "reversed"):
        stage.broken.append("7: credits stand for a payment that another transaction has undone")
    stage.paid_besides += 1


async def _the_last_tokens(stage: Stage) -> None:
    """Three ask for one credit each, and there are two tokens: who pays last is refused before his money moves."""
    await stage.open(PAYWALL_SUPPLY="2")
    payers = [_shopper(stage) for _ in range(3)]
    tokens = [await payer.order() for payer in payers]
    *first, last = [await payer.pay(token) for payer, token in zip(payers, tokens, strict=True)]
    for payer, token, built in zip(payers, tokens, first, strict=False):
        _expect(stage, await payer.claim(token, built.raw), (200, 202), "7: a payment was not taken")
        stage.paid_besides += 1
    answer = await payers[2].claim(tokens[2], last.raw)
    _expect(stage, answer, (503,), "5: credits without tokens were paid for")


async def _refused_proof(stage: Stage) -> None:
    """A request is refused, and whoever saw it sends its proof again with another body."""
    await stage.open()
    payer = _shopper(stage)
    token = await payer.order(holder=True)
    body = {"payload": payer.claimed(token, (await payer.pay(token)).raw)}
    answer = await payer.ask("POST", "/api/payments", body)
    while answer.status_code == 202:
        await asyncio.sleep(0.1)
        answer = await payer.ask("POST", "/api/payments", body)
    stage.paid_besides += 1
    shown = payer.shows("POST", USE, answer.json()["receipt"])
    _expect(stage, await payer.ask("POST", USE, {"prompt": 7}, shown), (400,), "7: no prompt was taken")
    again = await payer.ask("POST", USE, {"prompt": "a cat"}, shown)
    _expect(stage, again, (401,), "6: the proof of a refused request was good for another")


async def _questions_to_the_chain(stage: Stage) -> None:
    await stage.open(PAYWALL_CHAIN_CALLS_PER_MINUTE="5")
    payer = Shopper(stage.devnet, stage.url)
    token = await payer.order(holder=True)
    nowhere = [Utxo("ab" * 32, 0, payer.address, FUNDS, {})]
    raw = (await payer.pay(token, utxos=nowhere)).raw
    told = [(await payer.claim(token, raw)).status_code for _ in range(20)]
    if 429 not in told:
        stage.broken.append(f"limits: one client's claims ask the chain as often as they like: {told}")
    stage.world.environment["PAYWALL_CHAIN_CALLS_PER_MINUTE"] = "0"
    await stage.restart()  # the verdict's own looks are those of the same client


async def _requests_run_out(stage: Stage) -> None:
    """One that nobody pays, and one whose payment ran out before a block took it: its row refers to the request."""
    await stage.open(PAYWALL_REQUEST_SECONDS=str(REQUEST_SECONDS), CHAOS_UNPAID_SECONDS="0")
    payer = _shopper(stage)
    stage.mining = False
    token = await payer.order()
    late = await payer.pay(token, expires=PAYMENT_SECONDS)
    _expect(stage, await payer.claim(token, late.raw), (202,), "7: a payment was not taken")
    await asyncio.sleep(PAYMENT_SECONDS + 1)  # the devnet's slots are seconds
    stage.mining = True
    await stage.until(lambda: stage.count("payment", "failed"), "an end of the payment")
    await payer.order()
    await asyncio.sleep(REQUEST_SECONDS + LOOKS_SECONDS * 2)
    if stage.count("payment_request") != 1:
        stage.broken.append(
            "forgetting: a request that nobody pays is kept for ever, or one with a payment is not"
        )


STORIES: dict[str, Story] = {
    "requests run out": _requests_run_out,
    "a refused request is sent again": _refused_proof,
    "a stranger claims another's payment": _anothers_payment,
    "a claim of nothing": _nothing_is_paid,
    "one output is behind two payments": _one_output_for_two,
    "a claim is overheard": _overheard_claim,
    "a payment is undone": _paid_and_undone,
    "more is paid for than there is": _the_last_tokens,
    "a client makes us ask the chain too often": _questions_to_the_chain,
}
