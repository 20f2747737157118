"""What the network's service may say of an authorization, and what of it is believed."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from eth_utils.crypto import keccak

from shared.chain import evm_chain
from shared.chain.evm_chain import EvmChain, Spending
from shared.chain.json_calls import Unanswered
from shared.evm.eip3009 import Authorization

ASSET, PAYER, PAYEE, OTHER = (f"0x{digit * 40}" for digit in "abcd")
NONCE, TX = "0x" + "1" * 64, "0x" + "2" * 64
MINE = Authorization(PAYER, PAYEE, 1_000_000, 0, 2**40, NONCE, "0x")


def test_the_words_of_the_token_are_the_hashes_of_their_signatures() -> None:
    assert keccak(text="authorizationState(address,bytes32)")[:4].hex() == evm_chain.STATE[2:]
    assert keccak(text="balanceOf(address)")[:4].hex() == evm_chain.BALANCE[2:]
    for event, word in (
        ("AuthorizationUsed(address,bytes32)", evm_chain.USED),
        ("AuthorizationCanceled(address,bytes32)", evm_chain.CANCELED),
        ("Transfer(address,address,uint256)", evm_chain.TRANSFER),
    ):
        assert "0x" + keccak(text=event).hex() == word


def word(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")


def used(nonce: str = NONCE, payer: str = PAYER, event: str = evm_chain.USED) -> dict[str, Any]:
    return {"address": ASSET, "topics": [event, word(payer), nonce], "data": "0x"}


def moved(to: str = PAYEE, amount: int = 1_000_000, payer: str = PAYER, at: str = ASSET) -> dict[str, Any]:
    return {
        "address": at,
        "topics": [evm_chain.TRANSFER, word(payer), word(to)],
        "data": f"0x{amount:064x}",
    }


def receipt(*logs: dict[str, Any], status: str = "0x1") -> dict[str, Any]:
    numbered = [{**log, "logIndex": hex(place)} for place, log in enumerate(logs)]
    return {"status": status, "blockNumber": "0x10", "logs": numbered}


def told(result: Any) -> Spending | None:
    """What is made of a receipt."""

    def answer(request: httpx.Request) -> httpx.Response:
        said = {"jsonrpc": "2.0", "id": json.loads(request.content)["id"], "result": result}
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(said).encode()))

    async def ask() -> Spending | None:
        chain = EvmChain("http://127.0.0.1:9", ASSET, transport=httpx.MockTransport(answer))
        try:
            return await chain.receipt(TX, MINE, PAYEE)
        finally:
            await chain.aclose()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("logs", "paid"),
    [
        ((used(), moved()), True),
        (
            (moved(at=OTHER), used(), moved(at=OTHER), moved()),
            True,
        ),  # another contract's log is none of the token's
        ((used(), moved(to=OTHER)), False),
        ((used(), moved(amount=999_999)), False),
        ((used(), moved(payer=OTHER)), False),
        ((used(), moved(at=OTHER)), False),
        ((used(),), False),
        ((used(event=evm_chain.CANCELED), moved()), False),
        ((used(nonce=TX), moved(to=OTHER), used(), moved()), True),
    ],
)
def test_a_nonce_is_paid_for_by_the_tokens_very_next_transfer_alone(
    logs: tuple[dict[str, Any], ...], paid: bool
) -> None:
    assert told(receipt(*logs)) == Spending(TX, 16, paid)


@pytest.mark.parametrize(
    "result",
    [
        None,
        receipt(used(), moved(), status="0x0"),
        receipt(used(nonce=TX), moved()),
        receipt(used(payer=OTHER), moved()),
        receipt(moved()),
        receipt({**used(), "address": OTHER}, moved()),
        receipt(),
    ],
)
def test_a_transaction_that_did_nothing_with_the_nonce_says_nothing(result: Any) -> None:
    assert told(result) is None


@pytest.mark.parametrize(
    "result",
    [
        *(7, "0x", [], {}, {"status": 1}, {"status": "0x1"}),
        {**receipt(used(), moved()), "logs": None},
        {**receipt(used(), moved()), "blockNumber": "16"},
        receipt({**used(), "topics": [1]}),
        receipt({**used(), "address": None}),
        receipt(used(), {**moved(), "data": "x"}),
        # one transfer, and two authorizations that were used: it pays the one it follows, and is no proof for another
        receipt(used(), moved(to=OTHER), used(nonce=TX), moved()),
        receipt(used(), used(nonce=TX), moved()),
        receipt(moved(), used()),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_not_known(result: Any) -> None:
    with pytest.raises(Unanswered):
        told(result)


def test_logs_are_asked_for_in_spans_that_every_service_takes_and_each_block_once() -> None:
    asked: list[tuple[int, int, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        (wanted,) = json.loads(request.content)["params"]
        asked.append((int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16), wanted["topics"][0]))
        assert wanted["topics"][1:] == [word(PAYER), NONCE]
        return httpx.Response(200, stream=httpx.ByteStream(b'{"jsonrpc":"2.0","id":1,"result":[]}'))

    async def ask() -> Spending | None:
        chain = EvmChain("http://127.0.0.1:9", ASSET, transport=httpx.MockTransport(answer))
        return await chain.spending(MINE, PAYEE, 7, 1207)

    assert asyncio.run(ask()) is None
    spans = [(7, 506), (507, 1006), (1007, 1207)]
    assert asked == [(*span, event) for span in spans for event in (evm_chain.USED, evm_chain.CANCELED)]
