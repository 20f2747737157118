"""Evidence and payments as JSON, as a recorded exchange holds them."""

from dataclasses import asdict
from typing import Any

from paywall.rails.base import CheckedPayment, RailOutcome
from shared.dialects.base import Evidence

Case = dict[str, Any]


def spelled_evidence(evidence: Evidence) -> Case:
    """Bytes as {"hex": …}."""
    payload = {
        name: {"hex": value.hex()} if isinstance(value, bytes) else value
        for name, value in evidence.payload.items()
    }
    spelled = {**asdict(evidence), "payload": payload}
    del spelled["showing"]
    return spelled


def read_evidence(case: Case) -> Evidence:
    payload = {
        name: value if isinstance(value, str) else bytes.fromhex(value["hex"])
        for name, value in case["payload"].items()
    }
    return Evidence(**{**case, "payload": payload})


def spelled_payment(checked: CheckedPayment) -> Case:
    return {**asdict(checked), "owners": sorted(checked.owners), "spends": sorted(checked.spends)}


def spelled_outcome(outcome: RailOutcome) -> Case:
    """What it says; metadata only where there is some."""
    said = {name: value for name, value in asdict(outcome).items() if value != {}}
    return {"outcome": type(outcome).__name__, **said}
