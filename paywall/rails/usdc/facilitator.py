"""x402's facilitator over HTTP (`POST /verify`, `POST /settle`): it pays the network's fees, and is believed little.

A refusal to verify is believed, for it costs nobody anything. What comes of settling is a hint alone: the same payment
settled twice is told to have failed, and an answer can be lost. What became of the money is asked of the network.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from paywall.rails.usdc.cdp_key import CdpKey
from shared.chain.json_calls import JsonCalls, Told, Unanswered
from shared.text import clean

VERIFY_SECONDS = 10.0
#: requests that may be under way: fewer than the payments that are looked at at once, so that a service that hangs
#: leaves room for those of other rails
AT_ONCE = 12
TX_HASH = re.compile(r"0x[0-9a-f]{64}")
_SERVER_ERROR, _REDIRECT, _BAD_REQUEST = 500, 300, 400


class FacilitatorBusy(Unanswered):
    """So many are under way that it was not asked."""


class FacilitatorVerdict(NamedTuple):
    """`reason` is the facilitator's, made fit to be shown."""

    valid: bool
    reason: str = ""


class Facilitator:
    """`url` has the endpoints below it; `key` signs each request where the service wants that."""

    def __init__(
        self,
        url: str,
        key: CdpKey | None,
        settle_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Errors: ValueError."""
        self._url = url.rstrip("/")
        self._key = key
        self._quick = JsonCalls(url, VERIFY_SECONDS, transport)
        self._slow = JsonCalls(url, settle_seconds, transport)
        self._under_way = 0

    async def verify(self, request: Mapping[str, Any]) -> FacilitatorVerdict:
        """Whether it could be settled now; changes nothing. Errors: Unanswered."""
        told = await self._ask(self._quick, "/verify", request)
        match told.said.get("isValid"):
            case True if told.status < _REDIRECT:
                return FacilitatorVerdict(valid=True)
            case False if told.status < _REDIRECT or _BAD_REQUEST <= told.status < _SERVER_ERROR:
                return FacilitatorVerdict(
                    valid=False, reason=clean(told.said.get("invalidReason") or "no reason was given")
                )
        raise Unanswered(f"status {told.status}, and no verdict")

    async def settle(self, request: Mapping[str, Any]) -> str:
        """Bring it about; the hash of a transaction that may have done so, empty for none. Errors: Unanswered."""
        transaction = (await self._ask(self._slow, "/settle", request)).said.get("transaction")
        return transaction if isinstance(transaction, str) and TX_HASH.fullmatch(transaction) else ""

    async def _ask(self, calls: JsonCalls, path: str, request: Mapping[str, Any]) -> Told:
        url = self._url + path
        headers = {} if self._key is None else {"authorization": self._key.authorization("POST", url)}
        if self._under_way >= AT_ONCE:
            raise FacilitatorBusy
        self._under_way += 1
        try:
            return await calls.post(url, request, headers)
        finally:
            self._under_way -= 1

    async def aclose(self) -> None:
        await self._quick.aclose()
        await self._slow.aclose()
