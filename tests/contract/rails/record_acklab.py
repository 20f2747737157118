"""Writes `acklab.json`: what the rail `acklab` says over the fake of ACK Lab, and all that it said.

The live service cannot be reached from here: the fake says in its docstring what it was compared with. Run it anew
(`python -m tests.contract.rails.record_acklab`) when the rail or the port changes; read the difference.
"""

import asyncio
import json
import time
from collections.abc import Awaitable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from paywall.errors import PaywallError
from paywall.rails.acklab.acklab_option import AckLabTerms
from paywall.rails.acklab.acklab_rail import AckLabRail
from paywall.rails.acklab.issuers import TrustedIssuers
from paywall.rails.base import StoredPayment
from shared.acklab import AckLabClient
from shared.acklab_service import NETWORK
from shared.chain.acklab_calls import AckLabCalls
from shared.dialects.base import Evidence, StoredRequest
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import jws, prt
from shared.tokens.prt import Order, PaymentRequest
from tests.contract.rails.recorded_http import Record, RecordingHttp
from tests.contract.rails.spelling import spelled_evidence, spelled_outcome, spelled_payment
from tests.support.acklab import lab_papers
from tests.support.acklab.ack_lab import AckLab, LabFault

FILE = Path(__file__).with_name("acklab.json")
SELLER, HOLDER = SigningKey.from_seed(b"\x01" * 32), SigningKey.from_seed(b"\x02" * 32)
SERVICE, RECEIPTS = "https://acklab.example", "https://seller.example/api/payments"
PRICES = {"0.01 USD": 1, "1.00 USD": 100, "3.00 USD": 300, "1000000.00 USD": 10**8}
SECONDS = 900


class AckLabRecorder:
    """A rail over the fake, whose issuer is a did:web, and the cases that it went through."""

    def __init__(self, lab: AckLab) -> None:
        self.lab, self.now = lab, int(time.time())
        self.terms = AckLabTerms(SERVICE, lab.seller.did, RECEIPTS)
        self.http = RecordingHttp()
        self.checks: list[dict[str, Any]] = []
        self.settles: list[dict[str, Any]] = []
        self.prepares: list[dict[str, Any]] = []

    def rail(self) -> AckLabRail:
        """A new one knows no keys yet."""
        lab = self.lab
        client = AckLabClient.from_secret(lab.seller.client_id, lab.seller.secret)
        calls = AckLabCalls(lab.url, client, lab.seller.id, 5, self.http)
        issuers = TrustedIssuers([lab.web_did], lambda: self.now, lambda: None, self.http)
        return AckLabRail(self.terms, calls, issuers, lambda: self.now, lambda: None)

    def request(self, number: int) -> StoredRequest:
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
            options=(self.terms.quote("acklab", price),),
        )
        return StoredRequest(jws.sign(prt.claims(request), SELLER), request)

    def receipt(self, request: StoredRequest, *, key: SigningKey | None = None, **changes: Any) -> str:
        asked = changes.pop("asked", {})
        option = lab_papers.option(**{"amount": 300, "recipient": self.lab.seller.did, **asked})
        there = lab_papers.payment_request(self.lab.seller.key, request.request.id, [option], self.now)
        claims = {"iss": self.lab.web_did, **changes}
        return lab_papers.receipt(key or self.lab.issuer, self.lab.buyer.did, there, self.now, **claims)

    async def check(self, name: str, *, network: str = NETWORK, shown: str = "", **changes: Any) -> None:
        request = self.request(len(self.checks) + 1)
        payload = {"receipt": shown or self.receipt(request, **changes)}
        evidence = Evidence(request.token, "acklab", HOLDER.public.did, network, payload)
        expected, record = await self._noting(self._checked(request, evidence))
        case = {"evidence": spelled_evidence(evidence), "chain": record, "expected": expected}
        self.checks.append({"name": name, "now": self.now, **case})

    async def _checked(self, request: StoredRequest, evidence: Evidence) -> dict[str, Any]:
        try:
            return {"payment": spelled_payment(await self.rail().check(request, evidence))}
        except PaywallError as error:
            return {"error": error.code}

    async def settle(self, name: str, *, first: bool) -> None:
        request = self.request(0)
        evidence = Evidence(
            request.token, "acklab", HOLDER.public.did, NETWORK, {"receipt": self.receipt(request)}
        )
        checked = await self.rail().check(request, evidence)
        payment = StoredPayment(
            *("a payment", checked.external_id, "acklab", HOLDER.public.did),
            state=checked.state,
            first=first,
            claimed_at=self.now,
        )
        outcome, record = await self._noting(self.rail().settle(payment))
        case = {"payment": asdict(payment), "chain": record, "expected": spelled_outcome(outcome)}
        self.settles.append({"name": name, **case})

    async def prepare(self, name: str, fault: LabFault = "", **spoiled: Any) -> None:
        self.lab.fault, self.lab.spoiled = fault, spoiled
        request = self.request(len(self.prepares) + 1)
        expected, record = await self._noting(self._prepared(request))
        self.lab.fault, self.lab.spoiled = "", {}
        self.prepares.append({"name": name, "token": request.token, "chain": record, "expected": expected})

    async def _prepared(self, request: StoredRequest) -> dict[str, Any]:
        try:
            return {"instructions": asdict(await self.rail().prepare(request))}
        except PaywallError as error:
            return {"error": error.code}

    async def _noting(self, doing: Awaitable[Any]) -> tuple[Any, Record]:
        record = self.http.record = {}
        told = await doing
        self.http.record = {}  # what comes next is of no case
        return told, record


async def record_all(at: AckLabRecorder) -> None:
    await at.check("a receipt of the trusted issuer")
    await at.check("one that its shower signed", key=HOLDER, iss=HOLDER.public.did)
    await at.check("one that its shower signed in the issuer's name", key=HOLDER)
    await at.check("on another network", network="cardano:devnet")
    await at.check("for a request that pays somebody else", asked={"recipient": HOLDER.public.did})
    await at.check("in another currency", asked={"currency": "EUR"})
    await at.check("for less", asked={"amount": 299})
    await at.check("for an option that was not asked for", option_id="usd-2")
    await at.check("that has expired", exp=at.now - 1)
    await at.check("that is none", shown="junk")
    at.lab.fault = "broken"
    await at.check("while its issuer's document is not to be had")
    at.lab.fault = ""
    await at.settle("one that was checked", first=True)
    await at.settle("one that was settled", first=False)
    await at.prepare("a request that is made there")
    await at.prepare("that the service refuses", "refused")
    await at.prepare("made under another id", id="other", sub="other")
    await at.prepare("made for nobody", paymentOptions=[])


def main() -> None:
    with AckLab() as lab:
        at = AckLabRecorder(lab)
        asyncio.run(record_all(at))
        terms = {"service": SERVICE, "recipient": lab.seller.did, "receipts": RECEIPTS}
        recorded = {
            "about": "The rail `acklab` over the fake of ACK Lab: what it was given, what that answered, what it "
            "said. Made by tests/contract/rails/record_acklab.py.",
            "terms": {**terms, "issuers": [lab.web_did]},
            "seller": SELLER.public.did,
            "quotes": [{"terms": {}, "price": price, "amount": amount} for price, amount in PRICES.items()],
            "checks": at.checks,
            "settles": at.settles,
            "prepares": at.prepares,
        }
    FILE.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
