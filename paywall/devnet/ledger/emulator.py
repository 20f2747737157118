"""The ledger rules in a Node child process (scalus' Emulator behind `ledger.mjs`).

The child holds one UTxO set: what the chain confirmed plus what the mempool holds. It judges transactions; it
knows nothing of blocks.
"""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from paywall.devnet.ledger.node import HERE, LedgerUnavailable, Node

# A refusal quotes the transaction, or the scripts' logs; 64 KB, asyncio's default, is too short for some.
LINE_BYTES = 16 * 1024 * 1024


class LedgerRefusal(Exception):
    """The ledger rules refuse a transaction; the message is their reason."""


@dataclass(frozen=True, slots=True)
class EvaluatedUnits:
    """What one redeemer costs. `tag` is "spend", "mint", …, as the ledger names it."""

    tag: str
    index: int
    memory: int
    steps: int


class Ledger:
    """One child process. Calls are answered in order; a child that died raises LedgerUnavailable."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, node: Node, installed: Path) -> Self:
        """Starts the child on the package that `install_ledger` installed."""
        process = await asyncio.create_subprocess_exec(
            node.node,
            HERE / "ledger.mjs",
            installed / "package.json",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        ledger = cls(process)
        await ledger._answer()
        return ledger

    async def load(self, utxos: bytes, genesis_time: int) -> None:
        """Replaces the UTxO set (CBOR map of input to output). `genesis_time` is slot 0 in Unix seconds."""
        await self._call("load", utxos=utxos.hex(), genesis_time=genesis_time)

    async def submit(self, transaction: bytes, slot: int) -> str:
        """Judges a transaction at a slot and applies it. Returns its id; raises LedgerRefusal."""
        return str((await self._call("submit", transaction=transaction.hex(), slot=slot))["tx_hash"])

    async def evaluate(
        self, transaction: bytes, utxos: bytes, cost_models: Sequence[Sequence[int]]
    ) -> list[EvaluatedUnits]:
        """Runs the Plutus scripts of a transaction over the outputs it names. Raises LedgerRefusal."""
        answer = await self._call(
            "evaluate", transaction=transaction.hex(), utxos=utxos.hex(), cost_models=cost_models
        )
        return [EvaluatedUnits(**redeemer) for redeemer in answer["redeemers"]]

    async def aclose(self) -> None:
        """Ends the child by closing its stdin, and waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.wait_closed()
        await self._process.wait()

    async def _call(self, operation: str, **arguments: object) -> Mapping[str, Any]:
        assert self._process.stdin is not None
        async with self._turn:
            # The answer below says what happened. uvloop calls a pipe that is closed by now a RuntimeError.
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(json.dumps({"operation": operation, **arguments}).encode() + b"\n")
                await self._process.stdin.drain()
            answer = await self._answer()
        if "refusal" in answer:
            raise LedgerRefusal(answer["refusal"])
        return answer

    async def _answer(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            status = await self._process.wait()
            raise LedgerUnavailable(f"the ledger process ended with status {status}; restart the devnet")
        answer: Mapping[str, Any] = json.loads(line)
        return answer
