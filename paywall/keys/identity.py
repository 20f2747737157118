"""The seller as a signer of tokens: its DID, the key it signs with, the keys that verify what it signed."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from paywall.errors import SetupError
from paywall.keys.signers.base import Signer
from shared.keys import InvalidKeyError, PublicKey, did_document, did_web
from shared.tokens import jws, prt
from shared.tokens.jws import TokenError
from shared.tokens.prt import PaymentRequest
from shared.tokens.status_list import W3C_TYPE


class Identity:
    """did:key by default, did:web when a public URL is set."""

    def __init__(self, *, requests: Signer, receipts: Signer, public_url: str | None) -> None:
        """`requests` signs payment requests, `receipts` the receipts; they may be one key.

        Errors: SetupError for a public URL that cannot be a did:web.
        """
        self._requests = requests
        self._receipts = receipts
        try:
            self._web = did_web(public_url) if public_url else None
        except InvalidKeyError as error:
            raise SetupError(f"PAYWALL_PUBLIC_URL: {error}.") from error
        self.did = self._web or requests.public.did
        #: the keys that sign now, that of the payment requests first
        self.signing = tuple(dict.fromkeys((requests.public, receipts.public)))
        self.remember(())

    def remember(self, former: Sequence[PublicKey]) -> None:
        """Keys that signed before: what they signed still counts."""
        #: those that sign come first
        self.keys: Sequence[PublicKey] = tuple(dict.fromkeys((*self.signing, *former)))
        # A did:key is one key: a seller without a URL had another name under each.
        named: dict[str, Sequence[PublicKey]] = {key.did: (key,) for key in self.keys}
        #: Whose receipts count here. Never empty: an empty list would let anyone's self-signed receipt pass.
        self.issuers: Mapping[str, Sequence[PublicKey]] = (
            {**named, self._web: self.keys} if self._web else named
        )

    def is_ours(self, issuer: object) -> TypeGuard[str]:
        """Whether an `iss` claim names this seller, now or before."""
        return isinstance(issuer, str) and issuer in self.issuers

    def read_request(self, token: str) -> PaymentRequest:
        """A PRT of ours, expired or not, by whichever of our keys. Errors: TokenError."""
        issuer = jws.unverified(token)[1].get("iss")
        if not self.is_ours(issuer):
            raise TokenError("untrusted_issuer", "the payment request is another seller's")
        return prt.verify(token, self.issuers[issuer], issuer=issuer, now=None)

    async def sign_request(self, claims_json: str) -> str:
        """The token of a payment request's claims. Errors: SignerUnavailable."""
        return await _sign(self._requests, jws.signing_input_of(claims_json))

    async def sign_receipt(self, claims: Mapping[str, Any]) -> str:
        """A receipt over the claims. Errors: SignerUnavailable."""
        return await _sign(self._receipts, jws.signing_input(claims))

    async def sign_status_list(self, claims: Mapping[str, Any]) -> str:
        """A VC 2.0 JWT, whose header names the key. Errors: SignerUnavailable."""
        key = self._receipts.public
        name = self.did.removeprefix("did:key:") if self.did == key.did else key.thumbprint
        header = {"kid": f"{self.did}#{name}"}
        return await _sign(self._receipts, jws.signing_input(claims, typ=W3C_TYPE, header=header))

    def document(self) -> dict[str, Any]:
        return did_document(self.did, self.keys)


async def _sign(signer: Signer, signing_input: bytes) -> str:
    return jws.attach(signing_input, await signer.sign(signing_input))
