"""Keys in an HSM, by PKCS#11: Ed25519 by CKM_EDDSA, the key never leaves the token.

All calls of the process run on one thread: sessions are not thread-safe, and neither is a module that was
initialised without locking.
"""

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from paywall.errors import SetupError, SignerUnavailable
from paywall.keys.signers.base import Ask, verified
from shared.keys import InvalidKeyError, PublicKey

if TYPE_CHECKING:
    from pkcs11 import Session

log = logging.getLogger("paywall.keys.signers")

RAW_KEY = 32
_THREAD = ThreadPoolExecutor(1, thread_name_prefix="pkcs11")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where the key is: the vendor's module, the token's label, the key's label."""

    module: str
    token: str
    object: str

    @classmethod
    def parse(cls, text: str) -> "TokenPlace":
        """`token=…;object=…?module-path=…`, percent-encoded (RFC 7512). Errors: SetupError."""
        parts = [part.partition("=") for part in re.split("[;?&]", text)]
        named = {name: unquote(value) for name, _, value in parts}
        if {"pin-value", "pin-source"} & named.keys():
            raise SetupError("pkcs11: takes no PIN: it is asked for, or read from PAYWALL_PASSPHRASE_FD.")
        if named.keys() != {"token", "object", "module-path"} or not all(named.values()):
            raise SetupError("pkcs11: takes token=LABEL;object=LABEL?module-path=/path/to/module.so.")
        return cls(named["module-path"], named["token"], named["object"])


class Pkcs11Signer:
    """One key in an HSM. Each signature is a call, and is verified."""

    def __init__(self, place: TokenPlace, pin: str) -> None:
        """Errors: SetupError."""
        self._place = place
        self._pin: str | None = pin
        self._key: Any = None
        self.public = _THREAD.submit(self._open).result()

    async def sign(self, message: bytes) -> bytes:
        signature = await asyncio.get_running_loop().run_in_executor(_THREAD, self._sign, message)
        return verified(self.public, message, signature)

    def _sign(self, message: bytes) -> bytes:
        from pkcs11 import PKCS11Error

        try:
            return self._attempt(message)
        except PKCS11Error as error:
            # An HSM that was restarted has forgotten its sessions.
            log.warning("the token %s is opened anew: %r", self._place.token, error)
            self._key = None
        try:
            return self._attempt(message)
        except (PKCS11Error, SetupError) as error:
            log.warning("the token %s does not sign: %r", self._place.token, error)
            self._key = None
            raise SignerUnavailable from error

    def _attempt(self, message: bytes) -> bytes:
        from pkcs11 import Mechanism

        if self._key is None and self._open() != self.public:
            raise SetupError("The token came back with another key.")
        return bytes(self._key.sign(message, mechanism=Mechanism.EDDSA))

    def _open(self) -> PublicKey:
        import pkcs11

        place = self._place
        if self._pin is None:
            raise SetupError(f"The token {place.token} refused the PIN before.")
        try:
            token = pkcs11.lib(place.module).get_token(token_label=place.token)
            return self._take(_session(token, self._pin))
        except pkcs11.PinIncorrect as error:
            self._pin = None  # never twice: a token locks itself after a few
            raise SetupError(f"The token {place.token} refuses the PIN.") from error
        except (pkcs11.NoSuchToken, pkcs11.MultipleTokensReturned) as error:
            raise SetupError(f"There is not exactly one token {place.token} in {place.module}.") from error
        except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned) as error:
            raise SetupError(
                f"There is not exactly one Ed25519 key pair {place.object} in the token {place.token}."
            ) from error
        except (pkcs11.PKCS11Error, InvalidKeyError) as error:
            raise SetupError(f"The token {place.token} cannot be used: {error!r}.") from error

    def _take(self, session: "Session") -> PublicKey:
        from pkcs11 import Attribute, KeyType, ObjectClass

        wanted = {"key_type": KeyType.EC_EDWARDS, "label": self._place.object}
        key: Any = session.get_key(object_class=ObjectClass.PRIVATE_KEY, **wanted)  # type: ignore[arg-type]
        if key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
            raise SetupError(
                f"The key {self._place.object} can be taken out of its token; make one that cannot."
            )
        public: Any = session.get_key(object_class=ObjectClass.PUBLIC_KEY, **wanted)  # type: ignore[arg-type]
        self._key = key
        # An octet string in DER or, in some modules, the bare point: its last 32 bytes in both.
        return PublicKey(bytes(public[Attribute.EC_POINT])[-RAW_KEY:])


def open_pkcs11(text: str, ask: Ask) -> Pkcs11Signer:
    """The key that `text` (what follows `pkcs11:`) names. Errors: SetupError."""
    place = TokenPlace.parse(text)
    try:
        import pkcs11  # noqa: F401  here, so that nobody is asked for a PIN in vain
    except ImportError as error:
        raise SetupError("pkcs11: needs the extra: pip install 'paywall[pkcs11]'.") from error
    return Pkcs11Signer(place, ask(f"PIN of token {place.token}"))


def _session(token: Any, pin: str) -> "Session":
    from pkcs11 import UserAlreadyLoggedIn

    try:
        opened: Session = token.open(user_pin=pin)
    except UserAlreadyLoggedIn:  # for another key of the same token: a login counts for the whole process
        opened = token.open()
    return opened
