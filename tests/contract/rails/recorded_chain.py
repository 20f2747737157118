"""A chain that writes down what it was asked and answered, and its twin that answers from such a record.

A record maps a question ("tip", "inclusion <hash>", "submit <id>") to its answer as JSON; an answer that was an
error is `{"error": <class of shared/chain/base.py>, "said": <its words>}`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from shared.cardano.assets import Asset
from shared.cardano.coins import Parameters, Utxo
from shared.cardano.read.transaction import parse
from shared.chain import reading
from shared.chain.base import (
    Chain,
    ChainError,
    ChainUnavailable,
    Inclusion,
    SubmitRefused,
    SubmitUnknown,
    Tip,
    TransactionEnds,
)

if TYPE_CHECKING:
    from tests.contract.rails.ways import Broken

T = TypeVar("T")
Record = dict[str, Any]
_ERRORS: dict[str, type[ChainError]] = {
    error.__name__: error for error in (ChainUnavailable, SubmitRefused, SubmitUnknown)
}


class RecordingChain:
    """Asks a real chain, and keeps `record`."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self.record: Record = {}

    async def tip(self) -> Tip:
        return await self._ask("tip", self._chain.tip(), asdict)

    async def block_at(self, height: int) -> Tip | None:
        return await self._ask(f"block_at {height}", self._chain.block_at(height), asdict)

    async def inclusion(self, tx_hash: str) -> Inclusion | None:
        return await self._ask(f"inclusion {tx_hash}", self._chain.inclusion(tx_hash), asdict)

    async def transaction(self, tx_hash: str) -> bytes | None:
        return await self._ask(f"transaction {tx_hash}", self._chain.transaction(tx_hash), bytes.hex)

    async def is_waiting(self, tx_hash: str) -> bool:
        return await self._chain.is_waiting(tx_hash)

    async def ends(self, tx_hash: str) -> TransactionEnds | None:
        return await self._ask(f"ends {tx_hash}", self._chain.ends(tx_hash), spelled_ends)

    async def submit(self, raw: bytes) -> str:
        return await self._ask(f"submit {parse(raw).id}", self._chain.submit(raw), str)

    async def parameters(self) -> Parameters:
        return await self._chain.parameters()

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        return await self._chain.utxos(address, asset)

    async def supply(self, asset: Asset) -> tuple[int, int] | None:
        return await self._chain.supply(asset)

    async def aclose(self) -> None:
        await self._chain.aclose()

    async def _ask(self, question: str, asking: Awaitable[T], spell: Callable[[Any], object]) -> T:
        try:
            answer = await asking
        except ChainError as error:
            said = error.reason if isinstance(error, SubmitRefused) else str(error)
            self.record[question] = {"error": type(error).__name__, "said": said}
            raise
        self.record[question] = None if answer is None else spell(answer)
        return answer


class RecordedChain:
    """Answers from a record. `asked` are the questions in order; `broken` makes one kind of them fail."""

    def __init__(self, record: Record, broken: "Broken") -> None:
        self._record = record
        self._broken = broken
        self.asked: list[str] = []

    async def tip(self) -> Tip:
        return Tip(**self._answer("tip"))

    async def block_at(self, height: int) -> Tip | None:
        told = self._answer("block_at", str(height))
        return None if told is None else Tip(**told)

    async def inclusion(self, tx_hash: str) -> Inclusion | None:
        told = self._answer("inclusion", tx_hash)
        return None if told is None else Inclusion(**told)

    async def transaction(self, tx_hash: str) -> bytes | None:
        told = self._answer("transaction", tx_hash)
        return None if told is None else bytes.fromhex(told)

    async def is_waiting(self, tx_hash: str) -> bool:
        raise AssertionError("what is recorded names its payment request")

    async def ends(self, tx_hash: str) -> TransactionEnds | None:
        told = self._answer("ends", tx_hash)
        return None if told is None else reading.ends(told)

    async def submit(self, raw: bytes) -> str:
        return str(self._answer("submit", parse(raw).id))

    async def parameters(self) -> Parameters:
        raise AssertionError("no rail asks for parameters")

    async def utxos(self, address: str, asset: Asset | None = None) -> list[Utxo]:
        raise AssertionError("no rail asks for outputs")

    async def supply(self, asset: Asset) -> tuple[int, int] | None:
        raise AssertionError("no rail asks for a supply")

    async def aclose(self) -> None:
        return

    def _answer(self, kind: str, of: str = "") -> Any:
        question = f"{kind} {of}".strip()
        self.asked.append(question)
        if kind == self._broken.kind:
            raise self._broken.fault("broken by the test")
        assert question in self._record, f"the record holds no answer to: {question}"
        told = self._record[question]
        if isinstance(told, dict) and "error" in told:
            raise _ERRORS[told["error"]](told["said"])
        return told


def spelled_ends(ends: TransactionEnds) -> Record:
    """As Blockfrost says it."""
    return {
        "inputs": [
            {"tx_hash": parent, "output_index": index, "address": address}
            for (parent, index), address in ends.inputs.items()
        ],
        "outputs": [
            {"output_index": index, "address": made.address, "consumed_by_tx": made.spent_by}
            for index, made in ends.outputs.items()
        ],
    }
