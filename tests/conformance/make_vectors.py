"""Makes the committed vectors again, from fixed seeds: `python -m tests.conformance.make_vectors`.

Expected values come from the values that were encoded, never from our own readers.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conformance import claim_cases, merkle_cases, proof_cases, receipt_cases, request_cases

VECTORS = Path(__file__).parent / "vectors"

FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "payment_request.json": request_cases.vectors,
    "receipt.json": receipt_cases.vectors,
    "holder_proof.json": proof_cases.vectors,
    "payment_claim.json": claim_cases.vectors,
    "merkle.json": merkle_cases.vectors,
}


def text(name: str) -> str:
    """Return the whole text of one file of vectors."""
    return json.dumps(FILES[name](), indent=1, ensure_ascii=True) + "\n"


def main() -> None:
    """Write all files."""
    VECTORS.mkdir(exist_ok=True)
    for name in FILES:
        (VECTORS / name).write_text(text(name), "utf-8")


if __name__ == "__main__":
    main()
