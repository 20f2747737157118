"""The keys of those whose receipts count: of the operator's list and of nobody else, for anybody can issue a receipt.

A did:key is its own key. The document of a did:web is asked for at its host, which only the operator can name here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import httpx

from paywall.clock import Clock
from paywall.errors import ClaimInvalid, Unavailable
from shared import strict_json
from shared.chain.transport import NoAnswer, NotSent, Transport
from shared.keys import InvalidKeyError, PublicKey, did_web, keys_of_document
from shared.loopback import is_loopback

#: how long the keys of a did:web are believed without asking: so long a key that was taken back still counts
FRESH_SECONDS = 300
SECONDS = 5.0
MAX_DOCUMENT = 65_536
_OK = 200


class _Known(NamedTuple):
    keys: Sequence[PublicKey]
    until: int


class TrustedIssuers:
    """`asked` counts a question for whoever makes us ask it. Keeps connections, to be closed."""

    def __init__(
        self,
        issuers: Sequence[str],
        clock: Clock,
        asked: Callable[[], None],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Errors: InvalidKeyError for a DID that is neither a did:key of Ed25519 nor a did:web of https."""
        self._fixed = {did: PublicKey.from_did_key(did) for did in issuers if did.startswith("did:key:")}
        self._documents: Mapping[str, str] = {
            did: document_url(did) for did in issuers if did not in self._fixed
        }
        self._known: dict[str, _Known] = {}
        self._clock = clock
        self._asked = asked
        self._transports = {
            did: Transport(url, "", SECONDS, transport) for did, url in self._documents.items()
        }

    async def keys(self, did: str) -> Sequence[PublicKey]:
        """Errors: ClaimInvalid for who is not trusted; Unavailable while his document cannot be had."""
        if (key := self._fixed.get(did)) is not None:
            return (key,)
        if did not in self._documents:
            raise ClaimInvalid("The receipt's issuer is not one that is trusted here.")
        known, now = self._known.get(did), self._clock()
        if known is None or now >= known.until:
            known = self._known[did] = _Known(await self._fetched(did), now + FRESH_SECONDS)
        return known.keys

    async def _fetched(self, did: str) -> Sequence[PublicKey]:
        self._asked()
        try:
            answer = await self._transports[did].send("GET", self._documents[did])
            if answer.status != _OK:
                raise InvalidKeyError(f"status {answer.status}")
            return keys_of_document(strict_json.loads(answer.body, max_bytes=MAX_DOCUMENT), did)
        except (NotSent, NoAnswer, ValueError) as error:
            raise Unavailable(
                "The receipt cannot be verified at the moment: its issuer's keys are not to be had. Send it again."
            ) from error

    async def aclose(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()


def document_url(did: str) -> str:
    """Where the document of a did:web is. Errors: InvalidKeyError."""
    host, *segments = did.removeprefix("did:web:").split(":")
    host = host.replace("%3A", ":")
    scheme = "http" if is_loopback(host.partition(":")[0]) else "https"
    base = "/".join((f"{scheme}://{host}", *segments))
    if did_web(base) != did:  # one spelling, and nothing that would lead elsewhere
        raise InvalidKeyError(f"not a did:key or did:web that can be resolved: {did}")
    return f"{base}/did.json" if segments else f"{base}/.well-known/did.json"
