"""The status lists as they are served: signed anew when something was revoked or reinstated, or when they grow old."""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from paywall.clock import Clock
from paywall.database.engine import Database, Transaction
from paywall.errors import NotFound
from paywall.keys.identity import Identity
from paywall.revocations import store
from paywall.revocations.status_places import url_of
from shared import strict_json
from shared.tokens import status_list
from shared.tokens.status_list import LIST_LENGTH, StatusList

#: between two looks at the database
FRESH_SECONDS = 5
#: a list is signed anew after so long, and good for so long
RENEWED_SECONDS, VALID_SECONDS = 3600, 86_400
#: lists that are in memory at once
KEPT = 64


@dataclass(frozen=True, slots=True)
class ServedList:
    """Both forms of a list, each with its hash in hex."""

    listed: StatusList
    ack: bytes
    ack_hash: str
    w3c: bytes
    w3c_hash: str


class StatusLists:
    """Serves the lists of all receipts. Several processes serve the same bits, each under signatures of its own."""

    def __init__(self, *, database: Database, identity: Identity, service_url: str, clock: Clock) -> None:
        self._database = database
        self._identity = identity
        self._service_url = service_url
        self._clock = clock
        #: number → (when the database was looked at, the list)
        self._served: OrderedDict[int, tuple[int, ServedList]] = OrderedDict()
        self._making = asyncio.Lock()

    async def read(self, number: int) -> ServedList:
        """Errors: NotFound where no receipt has a place in it, SignerUnavailable, StorageUnavailable."""
        if (fresh := self._fresh(number)) is not None:
            return fresh
        async with self._making:
            # Who waited here is told what the one before him found.
            return self._fresh(number) or await self._look(number)

    def _fresh(self, number: int) -> ServedList | None:
        looked_at, served = self._served.get(number, (0, None))
        # A clock that was set back must not keep an old list for good.
        return served if 0 <= self._clock() - looked_at < FRESH_SECONDS else None

    async def _look(self, number: int) -> ServedList:
        first, now = number * LIST_LENGTH, self._clock()

        def look(tx: Transaction) -> tuple[int, ...] | None:
            if store.places_taken(tx) <= first:
                return None
            return tuple(one - first for one in store.revoked_places(tx, first, first + LIST_LENGTH))

        revoked = await self._database.read(look)
        if revoked is None:
            raise NotFound("There is no such status list.")
        known = self._served[number][1] if number in self._served else None
        if known is None or known.listed.revoked != revoked or not _is_young(known.listed, now):
            known = await self._sign(number, revoked, now)
        self._served[number] = now, known
        self._served.move_to_end(number)
        if len(self._served) > KEPT:
            self._served.popitem(last=False)
        return known

    async def _sign(self, number: int, revoked: tuple[int, ...], now: int) -> ServedList:
        url = url_of(self._service_url, number)
        listed = StatusList(url, self._identity.did, revoked, now, now + VALID_SECONDS)
        token = await self._identity.sign_receipt(status_list.ack_claims(listed))
        ack = strict_json.dumps(status_list.ack_document(listed, token)).encode()
        w3c = (await self._identity.sign_status_list(status_list.w3c_claims(listed))).encode()
        return ServedList(listed, ack, hashlib.sha256(ack).hexdigest(), w3c, hashlib.sha256(w3c).hexdigest())


def _is_young(listed: StatusList, now: int) -> bool:
    return 0 <= now - listed.issued_at < RENEWED_SECONDS
