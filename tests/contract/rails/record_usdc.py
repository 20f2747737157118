"""Writes `usdc.json`: what the rail `usdc` says over a real EVM and PyPI `x402`'s facilitator, and all that they said.

Run it anew (`python -m tests.contract.rails.record_usdc`) when the rail or the port changes; read the difference.
"""

import asyncio
import json
import time
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak
from x402.mechanisms.evm.exact.client import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequirements

from paywall.errors import PaywallError
from paywall.rails.base import StoredPayment
from paywall.rails.usdc.facilitator import Facilitator
from paywall.rails.usdc.usdc_option import UsdcTerms
from paywall.rails.usdc.usdc_rail import UsdcRail
from shared.chain.evm_chain import EvmChain
from shared.dialects.base import Evidence, StoredRequest
from shared.dialects.payloads import payload_of
from shared.evm.evm_tokens import KNOWN
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, prt
from shared.tokens.prt import Order, PaymentRequest
from tests.contract.rails.recorded_http import Record, RecordingHttp
from tests.contract.rails.spelling import spelled_evidence, spelled_outcome, spelled_payment
from tests.support.evm.authorizing import cancel, use
from tests.support.evm.evm_node import NETWORK, EvmNode
from tests.support.evm.x402_facilitator import Fault, X402Facilitator

FILE = Path(__file__).with_name("usdc.json")
SELLER = SigningKey.from_seed(b"\x01" * 32)
PAYER, PAYEE = Account.from_key(keccak(b"payer")), Account.from_key(keccak(b"payee")).address
ELSEWHERE = "0x" + "11" * 20
PRICES = {"0.01 USD": 10_000, "1.00 USD": 1_000_000, "3.00 USD": 3_000_000, "1000000.00 USD": 10**12}
SECONDS = 900


class UsdcRecorder:
    """A rail over an EVM, and the cases that it went through."""

    def __init__(self, node: EvmNode, facilitator: X402Facilitator) -> None:
        self.node, self.facilitator = node, facilitator
        self.http = RecordingHttp()
        self.now = int(time.time())
        terms = UsdcTerms(NETWORK, KNOWN[NETWORK], PAYEE, 1)
        chain = EvmChain(node.url, terms.token.address, transport=self.http)
        self.rail = UsdcRail(terms, Facilitator(facilitator.url, None, 5, self.http), chain, lambda: self.now)
        self.checks: list[dict[str, Any]] = []
        self.settles: list[dict[str, Any]] = []

    def request(self, number: int) -> str:
        """A payment request token."""
        price = Money.parse("3.00 USD")
        request = PaymentRequest(
            id=f"00000000-0000-4000-8000-{number:012}",
            issuer=SELLER.public.did,
            description="3 image credits",
            issued_at=self.now,
            expires_at=self.now + SECONDS,
            service_callback=None,
            price=price,
            order=Order("image-credit", 3),
            options=(self.rail.quote(price),),
        )
        return jws.sign(prt.claims(request), SELLER)

    def payload(self, **changes: Any) -> dict[str, Any]:
        """What pays; `changes` are of what is signed for."""
        terms = self.rail.exact(self.rail.quote(Money.parse("3.00 USD")))
        asked = {
            "scheme": "exact",
            "network": terms.network,
            "asset": terms.asset,
            "amount": str(terms.amount),
            "payTo": terms.pay_to,
            "maxTimeoutSeconds": SECONDS,
            "extra": dict(terms.extra),
        }
        wanted = PaymentRequirements.model_validate({**asked, **changes})
        return ExactEvmScheme(EthAccountSigner(PAYER)).create_payment_payload(wanted)

    async def check(self, name: str, payload: dict[str, Any], *, network: str = NETWORK) -> None:
        token = self.request(len(self.checks) + 1)
        evidence = Evidence(token, "usdc", "", network, payload_of({"payload": payload}))
        request = prt.verify(token, [SELLER.public], issuer=SELLER.public.did, now=None)
        expected, record = await self._noting(self._expected(StoredRequest(token, request), evidence))
        case = {"evidence": spelled_evidence(evidence), "chain": record, "expected": expected}
        self.checks.append({"name": name, "now": self.now, **case})

    async def _expected(self, request: StoredRequest, evidence: Evidence) -> dict[str, Any]:
        try:
            return {"payment": spelled_payment(await self.rail.check(request, evidence))}
        except PaywallError as error:
            return {"error": error.code}

    async def claim(self, payload: dict[str, Any]) -> StoredPayment:
        """A payment as it is stored before anything is settled."""
        token = self.request(0)
        evidence = Evidence(token, "usdc", "", NETWORK, payload_of({"payload": payload}))
        request = prt.verify(token, [SELLER.public], issuer=SELLER.public.did, now=None)
        checked = await self.rail.check(StoredRequest(token, request), evidence)
        (owner,) = checked.owners
        return StoredPayment(
            *("a payment", checked.external_id, "usdc", owner), checked.state, first=True, claimed_at=self.now
        )

    async def settle(
        self, name: str, payment: StoredPayment, fault: Fault = "", *, first: bool = True
    ) -> None:
        self.facilitator.settle_fault = fault
        shown = StoredPayment(**{**asdict(payment), "first": first})
        outcome, record = await self._noting(self.rail.settle(shown))
        case = {"payment": asdict(shown), "chain": record, "expected": spelled_outcome(outcome)}
        self.settles.append({"name": name, **case})

    async def _noting(self, doing: Awaitable[Any]) -> tuple[Any, Record]:
        record = self.http.record = {}
        told = await doing
        self.http.record = {}  # what comes next is of no case
        return told, record


async def record_checks(at: UsdcRecorder) -> None:
    await at.check("an authorization that can be settled", at.payload())
    await at.check("to another address", at.payload(payTo=ELSEWHERE))
    await at.check("for a little less", at.payload(amount="2999999"))
    await at.check("of another token", at.payload(asset=ELSEWHERE))
    await at.check("for another domain", at.payload(extra={"name": "USD Coin", "version": "2"}))
    await at.check("on another network", at.payload(), network="eip155:8453")
    await at.check("that expires too soon", at.payload(maxTimeoutSeconds=1))
    await at.check("that lives too long", at.payload(maxTimeoutSeconds=86_400))
    await at.check("that pays more than there is", at.payload(amount="3000000", payTo=ELSEWHERE))
    stranger = at.payload()
    stranger["authorization"]["from"] = ELSEWHERE
    await at.check("that somebody else signed", stranger)
    cancelled, used = at.payload(), at.payload()
    cancel(at.node, PAYER, cancelled)
    await at.check("that was cancelled", cancelled)
    use(at.node, used)
    await at.check("that was used", used)
    await at.check("that is none", {"transaction": "AA=="})
    await at.check("whose nonce is too short", {**stranger, "authorization": {"nonce": "0x11"}})
    at.facilitator.verify_fault = "broken"
    await at.check("while the facilitator is away", at.payload())
    at.facilitator.verify_fault = ""
    at.node.away = True
    await at.check("while the network's service is away", at.payload())
    at.node.away = False


async def record_settling(at: UsdcRecorder) -> None:
    payment = await at.claim(at.payload())
    await at.settle("one that the facilitator settles", payment)
    await at.settle("one that was settled", payment, first=False)
    await at.settle("settled, and the answer broke off", await at.claim(at.payload()), "lost")
    await at.settle("settled, and told to have failed", await at.claim(at.payload()), "denied")
    await at.settle("told to be settled by another transaction", await at.claim(at.payload()), "liar")
    payload = at.payload()
    payment = await at.claim(payload)
    cancel(at.node, PAYER, payload)
    await at.settle("one that was cancelled", payment, first=False)
    payload = at.payload()
    payment = await at.claim(payload)
    other = at.payload(payTo=ELSEWHERE)
    other["authorization"]["nonce"] = payload["authorization"]["nonce"]
    use(at.node, other, signer=PAYER)
    await at.settle("one whose nonce was used for another transfer", payment, first=False)
    payload = at.payload()
    payment = await at.claim(payload)
    await at.settle("one that gets lost", payment, "broken")
    await at.settle("a lost one, that can still be settled", payment, "broken", first=False)
    at.node.away = True
    await at.settle("a lost one, while the network's service is away", payment, "broken", first=False)
    at.node.away = False
    at.node.blocks(at=int(payload["authorization"]["validBefore"]))
    await at.settle("a lost one, in a block past its expiry", payment, "broken", first=False)


def main() -> None:
    with EvmNode() as node, X402Facilitator(node) as facilitator:
        node.mint(PAYER.address, 10**9)
        at = UsdcRecorder(node, facilitator)

        async def story() -> None:
            await record_checks(at)
            await record_settling(at)
            await at.rail.aclose()

        asyncio.run(story())
    token = KNOWN[NETWORK]
    terms = {"network": NETWORK, "recipient": PAYEE, "confirmations": 1}
    recorded = {
        "about": "The rail `usdc` over py-evm and PyPI x402's facilitator: what it was given, what they answered, "
        "what it said. Made by tests/contract/rails/record_usdc.py.",
        "terms": {**terms, "asset": token.address, "name": token.name, "version": token.version},
        "seller": SELLER.public.did,
        "quotes": [{"terms": {}, "price": price, "amount": amount} for price, amount in PRICES.items()],
        "checks": at.checks,
        "settles": at.settles,
    }
    FILE.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
