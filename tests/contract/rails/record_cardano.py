"""Writes `cardano.json`: what the rail `cardano` says over a real devnet, and all that the devnet said.

Run it anew (`python -m tests.contract.rails.record_cardano`) when the rail or the port changes; read the difference.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from paywall.errors import PaywallError
from paywall.rails.base import RailOutcome, StoredPayment
from paywall.rails.cardano.option import CardanoTerms
from paywall.rails.cardano.rail import CardanoRail
from paywall.rails.cardano.state import CardanoState
from shared.cardano.metadata import payment_metadata
from shared.cardano.read.transaction import parse
from shared.chain.blockfrost import Blockfrost
from shared.dialects.base import Evidence, StoredRequest
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, prt
from shared.tokens.prt import Order, PaymentRequest, token_hash
from tests.contract.rails.recorded_chain import Record, RecordingChain
from tests.contract.rails.spelling import spelled_evidence, spelled_outcome, spelled_payment
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import FEE, INPUTS, MINT, TTL, Wallet

FILE = Path(__file__).with_name("cardano.json")
SELLER, PAYEE, ELSEWHERE = SigningKey.from_seed(b"\x01" * 32), Wallet(seed=2), Wallet(seed=3)
NETWORK, RATE, CONFIRMATIONS, FINAL = "cardano:devnet", "0.50 USD", 2, 4
PRICES = ("0.01 USD", "1.00 USD", "3.00 USD", "5.00 USD", "1000000.00 USD")
#: the second leaves a remainder at nearly every price
RATES = (RATE, "0.37 USD")
ABSENT = "ab" * 32


class Recorder:
    """A rail over the devnet, and the cases that it went through."""

    def __init__(self, devnet: DevnetProcess) -> None:
        self.devnet = devnet
        self.wallet = Wallet(seed=4)
        self.wallet.fund(devnet, 2_000_000_000)
        self.chain = RecordingChain(Blockfrost(devnet.url, timeout=5))
        terms = CardanoTerms(NETWORK, PAYEE.address, Money.parse(RATE), CONFIRMATIONS, FINAL)
        self.now = int(devnet.get("/blocks/latest")["time"])
        self.rail = CardanoRail(terms, self.chain, lambda: self.now)
        self.checks: list[dict[str, Any]] = []
        self.settles: list[dict[str, Any]] = []
        self.watches: list[dict[str, Any]] = []

    def request(self, number: int, *, seconds: int = 900) -> str:
        """A payment request token."""
        price = Money.parse("3.00 USD")
        request = PaymentRequest(
            id=f"00000000-0000-4000-8000-{number:012}",
            issuer=SELLER.public.did,
            description="3 image credits",
            issued_at=self.now,
            expires_at=self.now + seconds,
            service_callback=None,
            price=price,
            order=Order("image-credit", 3, f"{'a1' * 28}.435245415445"),
            options=(self.rail.quote(price),),
        )
        return jws.sign(prt.claims(request), SELLER)

    def pay(self, token: str, *, to: Wallet = PAYEE, less: int = 0, **fields: Any) -> bytes:
        """A signed payment; `fields` of its body are set as they are."""
        coin = max(self.wallet.coins(self.devnet), key=lambda coin: coin.lovelace)
        amount = self.rail.quote(Money.parse("3.00 USD")).amount - less
        body = self.wallet.body(coin, pay=[(to.address, amount)])
        expiry = int(self.devnet.get("/blocks/latest")["slot"]) + 300
        body |= {TTL: expiry, **fields.get("body", {})}
        tied_to = payment_metadata(token_hash(fields.get("tied_to", token)))
        return self.wallet.sign(body, metadata=tied_to, key=fields.get("key"))

    def land(self, raw: bytes, blocks: int = 2) -> str:
        answer = self.devnet.submit(raw)
        assert answer.status_code == 200, answer.text
        self.devnet.blocks(blocks)
        return str(answer.json())

    async def check(self, name: str, token: str, *, network: str = NETWORK, **payload: str | bytes) -> None:
        evidence = Evidence(token, "cardano", self.wallet.key.public.did, network, payload)
        request = prt.verify(token, [SELLER.public], issuer=SELLER.public.did, now=None)
        expected, record = await self._noting(self._expected(StoredRequest(token, request), evidence))
        case = {"evidence": spelled_evidence(evidence), "chain": record, "expected": expected}
        self.checks.append({"name": name, "now": self.now, **case})

    async def _expected(self, request: StoredRequest, evidence: Evidence) -> dict[str, Any]:
        try:
            return {"payment": spelled_payment(await self.rail.check(request, evidence))}
        except PaywallError as error:
            return {"error": error.code}

    async def settle(self, name: str, raw: bytes | None, tx_hash: str = "", *, first: bool = True) -> None:
        payment = self._payment(raw, tx_hash, first=first)
        self.settles.append(await self._case(name, payment, self.rail.settle))

    async def watch(self, name: str, raw: bytes) -> None:
        self.watches.append(await self._case(name, self._payment(raw, "", first=False), self.rail.watch))

    def _payment(self, raw: bytes | None, tx_hash: str, *, first: bool) -> StoredPayment:
        parsed = parse(raw) if raw else None
        state = (
            CardanoState(raw, parsed.expiry_slot, 0, parsed.inputs) if parsed else CardanoState(None, None, 0)
        )
        return StoredPayment(
            id="a payment",
            external_id=parsed.id if parsed else tx_hash,
            option_id="cardano",
            payer=self.wallet.key.public.did,
            state=state.document(),
            first=first,
            claimed_at=self.now,
        )

    async def _case(
        self, name: str, payment: StoredPayment, ask: Callable[[StoredPayment], Awaitable[RailOutcome]]
    ) -> dict[str, Any]:
        outcome, record = await self._noting(ask(payment))
        expected = spelled_outcome(outcome)
        return {"name": name, "payment": asdict(payment), "chain": record, "expected": expected}

    async def _noting(self, doing: Awaitable[Any]) -> tuple[Any, Record]:
        self.chain.record = {}
        return await doing, self.chain.record


async def record_checks(at: Recorder) -> None:
    token, other = at.request(1), at.request(2)
    raw = at.pay(token)
    await at.check("bytes that can still be submitted", token, transaction=raw)
    await at.check("a hash that is not on chain", token, txHash=ABSENT)
    await at.check("a hash in capitals", token, txHash=ABSENT.upper())
    await at.check("a hash of another chain", token, txHash="0x" + ABSENT)
    await at.check("a hash that is too short", token, txHash=ABSENT[2:])
    await at.check("a hash and a line break", token, txHash=ABSENT + "\n")
    await at.check("both hash and bytes", token, txHash=ABSENT, transaction=raw)
    await at.check("nothing that the rail knows", token, paymentIntent="pi_1")
    await at.check("bytes of a request that has expired", at.request(10, seconds=0), transaction=raw)
    await at.check("on another network", token, transaction=raw, network="cardano:preprod")
    await at.check("bytes of another request", token, transaction=at.pay(token, tied_to=other))
    await at.check("bytes to another address", token, transaction=at.pay(token, to=ELSEWHERE))
    tip = int(at.devnet.get("/blocks/latest")["slot"])
    await at.check("bytes that outlive the request", token, transaction=at.pay(token, body={TTL: tip + 901}))
    await at.check("bytes that expired", token, transaction=at.pay(token, body={TTL: tip}))
    minting = {MINT: {at.wallet.policy: {b"GOLD": 1}}}
    await at.check("bytes that mint", token, transaction=at.pay(token, body=minting))
    await at.check("bytes that another key signed", token, transaction=at.pay(token, key=ELSEWHERE.key))
    nowhere = {INPUTS: [[bytes.fromhex(ABSENT), 0]]}
    await at.check("bytes that spend what is not there", token, transaction=at.pay(token, body=nowhere))
    await at.check("bytes that are no transaction", token, transaction=b"garbage")
    await at.check("bytes that pay a little less", token, transaction=at.pay(token, less=1))
    rival = at.pay(token, less=-1)
    await at.check("on chain", token, txHash=at.land(raw))
    await at.check("bytes of what is on chain", token, transaction=raw)
    await at.check("bytes that spend what was spent", token, transaction=rival)
    await at.check("on chain for another request", other, txHash=parse(raw).id)
    await at.check("on chain to another address", other, txHash=at.land(at.pay(other, to=ELSEWHERE)))
    await at.check("on chain with less", other, txHash=at.land(at.pay(other, less=1)))


async def record_settling(at: Recorder) -> None:
    raw = at.pay(at.request(3))
    await at.settle("a hash that nobody has seen", None, ABSENT)
    await at.settle("bytes that the ledger takes", raw)
    at.devnet.blocks()
    await at.settle("in the newest block", raw)
    at.devnet.blocks()
    await at.settle("deep enough", raw)
    await at.settle("deep enough, by its hash alone", None, parse(raw).id)
    refused = at.pay(at.request(4), body={FEE: 1})
    await at.settle("bytes that the ledger refuses", refused)
    await at.settle("bytes that the ledger refuses after an earlier try", refused, first=False)
    first, second = at.pay(at.request(5)), at.pay(at.request(6))
    at.land(first)
    await at.settle("bytes whose inputs are spent", second)
    lost = at.pay(at.request(7))
    at.devnet.control("faults", {"submit": "drop_after"})
    await at.settle("bytes whose submit broke off", lost)
    at.devnet.blocks(2)
    await at.settle("bytes whose submit broke off, and that landed", lost)
    await record_watching(at)
    await record_loss(at)


async def record_watching(at: Recorder) -> None:
    raw = at.pay(at.request(20))
    at.land(raw)
    await at.watch("settled, and a fork may still undo it", raw)
    at.devnet.rollback(2)
    await at.watch("undone, and it can land again", raw)
    at.devnet.blocks(4)
    await at.watch("as deep as no fork goes", raw)
    first, second = at.pay(at.request(21)), at.pay(at.request(22), less=-1)
    at.land(first)
    at.devnet.rollback(2)
    at.land(second, blocks=1)
    await at.watch("what it spent was spent by another just now", first)
    at.devnet.blocks()
    await at.watch("what it spent was spent by another for good", first)


async def record_loss(at: Recorder) -> None:
    raw = at.pay(at.request(8))
    at.devnet.control("faults", {"submit": "lose"})
    await at.settle("bytes that get lost", raw)
    expiry = parse(raw).expiry_slot or 0
    at.devnet.blocks(1, skip_slots=expiry - int(at.devnet.get("/blocks/latest")["slot"]) + 10_000)
    await at.settle("lost bytes, past their expiry by one block", raw)
    await at.watch("undone, and past its expiry by one block", raw)
    at.devnet.blocks()
    await at.watch("undone, and past its expiry for good", raw)
    await at.settle("lost bytes, past what a fork could hold", raw)
    at.devnet.stop()
    await at.settle("bytes while the chain is away", raw)
    await at.watch("while the chain is away", raw)
    await at.check("while the chain is away", at.request(9), txHash=ABSENT)


def quote(rate: str, price: str) -> dict[str, Any]:
    """By the definition, in exact fractions: not by the rail's own arithmetic."""
    ada = Fraction(price.split(maxsplit=1)[0]) / Fraction(rate.split(maxsplit=1)[0])
    return {"terms": {"rate": rate}, "price": price, "amount": math.ceil(ada * 1_000_000)}


def main() -> None:
    with DevnetProcess() as devnet:
        at = Recorder(devnet)

        async def story(steps: tuple[Callable[[Recorder], Awaitable[None]], ...]) -> None:
            for step in steps:
                await step(at)
            await at.chain.aclose()

        asyncio.run(story((record_checks, record_settling)))
    depths = {"confirmations": CONFIRMATIONS, "final": FINAL}
    terms = {"network": NETWORK, "recipient": PAYEE.address, "rate": RATE, **depths}
    recorded = {
        "about": "The rail `cardano` over the devnet (paywall/devnet, scalus's ledger rules): what it was given, "
        "what the chain answered, what it said. Made by tests/contract/rails/record_cardano.py.",
        "terms": terms,
        "seller": SELLER.public.did,
        "quotes": [quote(rate, price) for rate in RATES for price in PRICES],
        "checks": at.checks,
        "settles": at.settles,
        "watches": at.watches,
    }
    FILE.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
