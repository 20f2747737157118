"""What the network itself says of an authorization, by JSON-RPC (`eth_*`): the one witness that is believed.

`authorizationState` alone does not tell that we were paid: a cancelled nonce reads used too, and so does one that was
used for another transfer. So the log AuthorizationUsed is looked for, and the token's next log must be the Transfer.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx

from shared.chain.json_calls import JsonCalls, Unanswered
from shared.evm.eip3009 import Authorization

RPC_SECONDS = 10.0
#: Keccak-256 of the signatures (EIP-3009, EIP-20); a test compares
STATE = "0xe94a0102"  # authorizationState(address,bytes32), the first four bytes
BALANCE = "0x70a08231"  # balanceOf(address)
USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"
CANCELED = "0x1cdd46ff242716cdaa72d159d339a485b3438398348d68f09d7c8c0a59353d81"
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
#: blocks that one question for logs may span: services have limits of their own
SPAN = 500
SUCCESS = 1
_QUANTITY = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]{0,15})")
_WORD = re.compile(r"0x[0-9a-f]{64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class EvmBlock(NamedTuple):
    """`time` in Unix seconds."""

    number: int
    time: int


class Spending(NamedTuple):
    """The transaction that used the nonce, in `block`; `paid` when it moved to `pay_to` what was asked for."""

    tx_hash: str
    block: int
    paid: bool


class EvmChain:
    """`asset` is the token's address. Every error is `Unanswered`: what is not known stays so."""

    def __init__(
        self,
        url: str,
        asset: str,
        asked: Callable[[], None] = lambda: None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`asked` is called before each question, and may raise an error of its own. Errors: ValueError."""
        self._url = url
        self._asset = asset.lower()
        self._asked = asked
        self._calls = JsonCalls(url, RPC_SECONDS, transport)

    async def newest(self) -> EvmBlock:
        return _block(await self._call("eth_getBlockByNumber", "latest", False))

    async def block(self, number: int) -> EvmBlock:
        found = _block(await self._call("eth_getBlockByNumber", hex(number), False))
        if found.number != number:
            raise _strange("number")
        return found

    async def is_used(self, authorization: Authorization, at: int) -> bool:
        """Whether the nonce was used, or cancelled, by the end of block `at`."""
        data = f"{STATE}{_topic(authorization.payer)[2:]}{authorization.nonce[2:].lower()}"
        told = await self._call("eth_call", {"to": self._asset, "data": data}, hex(at))
        if told not in {_word(0), _word(1)}:
            raise _strange("authorizationState")
        return bool(told == _word(1))

    async def balance(self, address: str) -> int:
        """How many of the token's smallest unit an address holds."""
        data = f"{BALANCE}{_topic(address)[2:]}"
        told = await self._call("eth_call", {"to": self._asset, "data": data}, "latest")
        if not isinstance(told, str) or not _WORD.fullmatch(told):
            raise _strange("balanceOf")
        return int(told, 16)

    async def spending(
        self, authorization: Authorization, pay_to: str, first: int, last: int
    ) -> Spending | None:
        """Where the nonce was used, in the blocks from `first` to `last`; None when no log of it is there."""
        topics = [_topic(authorization.payer), authorization.nonce.lower()]
        for start in range(first, last + 1, SPAN):
            end = min(start + SPAN - 1, last)
            for event in (USED, CANCELED):
                asked = {
                    "address": self._asset,
                    "fromBlock": hex(start),
                    "toBlock": hex(end),
                    "topics": [event, *topics],
                }
                logs = _list(await self._call("eth_getLogs", asked))
                if logs:
                    return await self.receipt(_text(logs[0], "transactionHash"), authorization, pay_to)
        return None

    async def receipt(self, tx_hash: str, authorization: Authorization, pay_to: str) -> Spending | None:
        """What a transaction did with the nonce; None when it is in no block, or did nothing with it."""
        told = await self._call("eth_getTransactionReceipt", tx_hash)
        if told is None:
            return None
        if _number(told, "status") != SUCCESS:
            return None
        logs = [log for log in _list(told.get("logs")) if _text(log, "address").lower() == self._asset]
        logs.sort(key=lambda log: _number(log, "logIndex"))
        nonce = [_topic(authorization.payer), authorization.nonce.lower()]
        for place, log in enumerate(logs):
            topics = _topics(log)
            if topics == [USED, *nonce]:
                moved = logs[place + 1] if place + 1 < len(logs) else None
                paid = moved is not None and _pays(moved, authorization, pay_to)
                if not paid and any(_pays(log, authorization, pay_to) for log in logs):
                    raise _strange("transfer")  # whether that one is this one's is not for us to guess
                return Spending(tx_hash, _number(told, "blockNumber"), paid)
            if topics == [CANCELED, *nonce]:
                return Spending(tx_hash, _number(told, "blockNumber"), paid=False)
        return None

    async def _call(self, method: str, *params: Any) -> Any:
        """Errors: Unanswered."""
        self._asked()
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        told = await self._calls.post(self._url, body, {})
        if "result" not in told.said or told.said.get("error") is not None:
            raise Unanswered(f"{method} was answered by an error")
        return told.said["result"]

    async def aclose(self) -> None:
        await self._calls.aclose()


def _pays(log: Mapping[str, Any], authorization: Authorization, pay_to: str) -> bool:
    """One transfer pays one authorization: it is the token's very next log, as EIP-3009 has it."""
    ends = [TRANSFER, _topic(authorization.payer), _topic(pay_to)]
    return _topics(log) == ends and _text(log, "data").lower() == _word(authorization.value)


def _block(told: Any) -> EvmBlock:
    return EvmBlock(_number(told, "number"), _number(told, "timestamp"))


def _number(told: Any, name: str) -> int:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise _strange(name)
    return int(value, 16)


def _text(told: Any, name: str) -> str:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise _strange(name)
    return value


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise _strange("list")
    return list(told)


def _topics(log: Any) -> list[str]:
    topics = log.get("topics") if isinstance(log, dict) else None
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise _strange("topics")
    return [topic.lower() for topic in topics]


def _topic(address: str) -> str:
    """An address as a word of 32 bytes."""
    return f"0x{address[2:].lower():0>64}"


def _word(number: int) -> str:
    return f"0x{number:064x}"


def _strange(name: str) -> Unanswered:
    return Unanswered(f"the network's service says something else than a {name}")
