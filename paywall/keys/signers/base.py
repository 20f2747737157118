"""The port of key custody: a public key and a signature; the private key stays where it is."""

from collections.abc import Callable
from typing import Protocol

from paywall.errors import SignerUnavailable
from shared.keys import PublicKey

#: asks for the passphrase or PIN of what is named. Errors: SetupError when nobody can be asked
Ask = Callable[[str], str]


class Signer(Protocol):
    """One Ed25519 key, wherever it lives."""

    @property
    def public(self) -> PublicKey: ...

    async def sign(self, message: bytes) -> bytes:
        """A 64-byte Ed25519 signature (RFC 8032). Errors: SignerUnavailable."""


def verified(public: PublicKey, message: bytes, signature: bytes) -> bytes:
    """The signature, when it is `public`'s over `message`.

    A remote key that was exchanged, or a fault on the way, must not become a token that nobody accepts.
    """
    if not public.verify(signature, message):
        raise SignerUnavailable("The signature that came back does not verify.")
    return signature
