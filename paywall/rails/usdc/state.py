"""The document that the rail `usdc` stores with a payment: all that is needed to settle it, and to look it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from paywall.rails.base import JSON
from paywall.rails.usdc.authorizations import read
from shared.evm.eip3009 import Authorization

VERSION, SCHEME = 2, "exact"


@dataclass(frozen=True, slots=True)
class UsdcState:
    """`seconds` is what x402 calls maxTimeoutSeconds. `block` was the newest before it could be settled."""

    authorization: Authorization
    network: str
    asset: str
    name: str
    version: str
    pay_to: str
    amount: int
    seconds: int
    block: int

    def request(self) -> dict[str, Any]:
        """What a facilitator is asked to verify or to settle; the same words each time."""
        asked = {
            "scheme": SCHEME,
            "network": self.network,
            "amount": str(self.amount),
            "asset": self.asset,
            "payTo": self.pay_to,
            "maxTimeoutSeconds": self.seconds,
            "extra": {"name": self.name, "version": self.version},
        }
        shown = {"x402Version": VERSION, "accepted": asked, "payload": self.authorization.payload()}
        return {"x402Version": VERSION, "paymentPayload": shown, "paymentRequirements": asked}

    def document(self) -> dict[str, JSON]:
        payload = self.authorization.payload()
        return {
            "authorization": {**payload["authorization"], "signature": payload["signature"]},
            "network": self.network,
            "asset": self.asset,
            "name": self.name,
            "version": self.version,
            "payTo": self.pay_to,
            "amount": str(self.amount),
            "seconds": self.seconds,
            "block": self.block,
        }

    @classmethod
    def read(cls, document: Mapping[str, JSON]) -> Self:
        """What `document` wrote."""
        authorization, seconds, block = (document[name] for name in ("authorization", "seconds", "block"))
        assert isinstance(authorization, dict)
        assert isinstance(seconds, int)
        assert isinstance(block, int)
        return cls(
            read(authorization),
            str(document["network"]),
            str(document["asset"]),
            str(document["name"]),
            str(document["version"]),
            str(document["payTo"]),
            int(str(document["amount"])),
            seconds,
            block,
        )
