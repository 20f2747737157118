"""The form of one case in a file of vectors."""

from typing import Any

from tests.conformance.attacks import Attack


def accepted(description: str, token: str, expected: object, **inputs: Any) -> dict[str, Any]:
    """Return a case whose `token` is good and says `expected`."""
    return {"description": description, "token": token, **inputs, "expected": expected}


def refused(attack: Attack, **inputs: Any) -> dict[str, Any]:
    """Return a case whose token must be refused."""
    return accepted(attack.description, attack.token, {"refused": attack.reason}, **inputs)
