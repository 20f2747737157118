"""The port of key custody: a public key and a signature; the private key stays where it is."""

from typing import Protocol

from shared.keys import PublicKey


class Signer(Protocol):
    @property
    def public(self) -> PublicKey: ...

    async def sign(self, message: bytes) -> bytes:
        """A 64-byte Ed25519 signature (RFC 8032)."""
