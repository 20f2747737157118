"""The seller as a signer of tokens: its DID, the key it signs with, the keys that verify what it signed."""

from collections.abc import Mapping, Sequence
from typing import Any

from paywall.signers.base import Signer
from shared import jws
from shared.keys import PublicKey, did_document, did_web


class Identity:
    """did:key by default, did:web when a public URL is set."""

    def __init__(self, signer: Signer, public_url: str | None) -> None:
        self._signer = signer
        self.did = did_web(public_url) if public_url else signer.public.did
        self.keys: Sequence[PublicKey] = (signer.public,)

    @property
    def issuers(self) -> Mapping[str, Sequence[PublicKey]]:
        """Whose receipts count here. Never empty: an empty list would let anyone's self-signed receipt pass."""
        return {self.did: self.keys}

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWS over the claims."""
        signing_input = jws.signing_input(claims)
        return jws.attach(signing_input, await self._signer.sign(signing_input))

    def document(self) -> dict[str, Any]:
        return did_document(self.did, self.keys)
