"""The document that the rail `cardano` stores with a payment."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from paywall.rails.base import JSON


@dataclass(frozen=True, slots=True)
class CardanoState:
    """`transaction` are the signed bytes that we submit, None when the payer sent it; the output is the paying one."""

    transaction: bytes | None
    expiry_slot: int | None
    output_index: int | None

    def document(self) -> dict[str, JSON]:
        """JSON: the bytes in base64."""
        raw = self.transaction
        return {
            "transaction": None if raw is None else base64.b64encode(raw).decode("ascii"),
            "expirySlot": self.expiry_slot,
            "outputIndex": self.output_index,
        }

    @classmethod
    def read(cls, document: Mapping[str, JSON]) -> Self:
        """What `document` wrote."""
        raw, expiry, index = (document[name] for name in ("transaction", "expirySlot", "outputIndex"))
        assert raw is None or isinstance(raw, str)
        assert expiry is None or isinstance(expiry, int)
        assert index is None or isinstance(index, int)
        return cls(None if raw is None else base64.b64decode(raw), expiry, index)
