"""The harness's own hand on the devnet: its controls, and submits that pass by the faults set for the seller."""

import asyncio
from collections import Counter
from typing import Any

from tests.support.processes.devnet import DevnetProcess

#: after these the seller cannot know whether the transaction was taken
UNKNOWN = ("drop_before", "drop_after", "accept_then_error", "error")


class ChainHand:
    """Used by one task at a time."""

    def __init__(self, devnet: DevnetProcess, counts: Counter[str]) -> None:
        self._devnet = devnet
        self._counts = counts
        self._set: tuple[str, int] | None = None

    async def control(self, path: str, body: object = None, method: str = "POST") -> Any:
        return await asyncio.to_thread(self._devnet.control, path, body, method)

    async def set_fault(self, kind: str, times: int, delay_ms: int) -> None:
        """On the next submits."""
        await self._read_back()
        await self.control("faults", {"submit": kind, "times": times, "delay_ms": delay_ms})
        self._set = (kind, times)

    async def clear_fault(self) -> None:
        await self._read_back()
        await self.control("faults", method="DELETE")

    async def submit(self, raw: bytes) -> bool:
        """Whether the devnet took it."""
        if self._set is not None:
            await self.clear_fault()
        answer = await asyncio.to_thread(self._devnet.submit, raw)
        return answer.status_code == 200

    async def _read_back(self) -> None:
        """How often the fault that was set last has happened."""
        if self._set is None:
            return
        (kind, times), self._set = self._set, None
        left = (await self.control("status", method="GET"))["fault"]
        happened = times - (left["times"] if left["submit"] == kind else 0)
        self._counts[f"submits: {kind}"] += happened
        self._counts["unknown submits"] += happened if kind in UNKNOWN else 0
