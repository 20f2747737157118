"""The document that the rail `cardano` stores with a payment."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from paywall.rails.base import JSON
from shared.cardano.coins import OutputReference


@dataclass(frozen=True, slots=True)
class CardanoState:
    """`transaction` are its signed bytes, the output is the paying one, `inputs` are what it spends.

    Rows of before 0003 know no inputs, nor the bytes of what the payer sent.
    """

    transaction: bytes | None
    expiry_slot: int | None
    output_index: int | None
    inputs: tuple[OutputReference, ...] = ()

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(f"{parent}#{index}" for parent, index in self.inputs)

    def document(self) -> dict[str, JSON]:
        """JSON: the bytes in base64."""
        raw = self.transaction
        return {
            "transaction": None if raw is None else base64.b64encode(raw).decode("ascii"),
            "expirySlot": self.expiry_slot,
            "outputIndex": self.output_index,
            "inputs": list(self.input_names),
        }

    @classmethod
    def read(cls, document: Mapping[str, JSON]) -> Self:
        """What `document` wrote."""
        raw, expiry, index = (document[name] for name in ("transaction", "expirySlot", "outputIndex"))
        assert raw is None or isinstance(raw, str)
        assert expiry is None or isinstance(expiry, int)
        assert index is None or isinstance(index, int)
        return cls(None if raw is None else base64.b64decode(raw), expiry, index, _inputs(document))


def _inputs(document: Mapping[str, JSON]) -> tuple[OutputReference, ...]:
    named = document.get("inputs", [])
    assert isinstance(named, list)
    parts = [str(name).split("#") for name in named]
    return tuple((parent, int(index)) for parent, index in parts)
