"""The protocol parameters that the ledger rules apply: mainnet's of version 10, built into scalus 0.17.0."""

import json
from typing import Any

from paywall.devnet.ledger.node import HERE

_STORED: dict[str, Any] = json.loads((HERE / "parameters.json").read_text())
COST_MODELS: list[list[int]] = list(_STORED["cost_models_raw"].values())  # Plutus V1, V2, V3


def epoch_parameters(epoch: int, nonce: str) -> dict[str, Any]:
    """Blockfrost's `/epochs/latest/parameters`.

    The deprecated `cost_models` names each number; the ledger only knows places, so places are the names
    here, padded so that clients that sort them keep the order.
    """
    named = {
        language: {f"{place:03}": value for place, value in enumerate(values)}
        for language, values in _STORED["cost_models_raw"].items()
    }
    return {"epoch": epoch, "nonce": nonce, **_STORED, "cost_models": named}
