"""The rail `cardano` beyond its contract: what it keeps, and what it does once."""

import asyncio

import pytest

from paywall.errors import ClaimInvalid
from paywall.rails.cardano import shown as module
from paywall.rails.cardano.state import CardanoState
from shared.cardano.read.transaction import ParsedTransaction, parse
from shared.dialects.base import Evidence
from tests.contract.rails.spelling import read_evidence
from tests.contract.test_rails import case_of, check, open_rail

CASE = case_of("cardano", "checks", "bytes that can still be submitted")


def test_bytes_are_parsed_once_a_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []

    def counting(raw: bytes) -> ParsedTransaction:
        parsed.append(raw)
        return parse(raw)

    monkeypatch.setattr(module, "parse", counting)
    module.parsed.cache_clear()
    opened, _ = open_rail("cardano", now=CASE["now"], answers=CASE["chain"])
    opened.external_id(read_evidence(CASE["evidence"]))
    assert asyncio.run(check("cardano", opened, CASE)) == CASE["expected"]
    assert len(parsed) == 1


@pytest.mark.parametrize(
    "tx_hash", ["cd" * 31, "CD" * 32, "cd" * 32 + "\n", "0x" + "cd" * 32, "", b"\xcd" * 32]
)
def test_a_payment_has_one_spelling(tx_hash: str | bytes) -> None:
    """An id that could be spelled in two ways could be claimed twice."""
    opened, _ = open_rail("cardano")
    evidence = Evidence("token", "cardano", "did:key:payer", "cardano:devnet", {"txHash": tx_hash})
    with pytest.raises(ClaimInvalid):
        opened.external_id(evidence)


@pytest.mark.parametrize(
    "state",
    [
        CardanoState(b"\x00\xff", 7, 1, (("ab" * 32, 3), ("cd" * 32, 65535))),
        CardanoState(None, None, 0),
        CardanoState(None, 2**40, None),
    ],
)
def test_what_is_stored_is_read_back(state: CardanoState) -> None:
    assert CardanoState.read(state.document()) == state
