"""How a request shows its receipt: `Authorization: DPoP` with a proof, `Bearer`, or `{"receipt"}` in the body."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from paywall.errors import (
    BadRequest,
    HeadersTooLarge,
    HolderProofInvalid,
    HolderProofRequired,
    ReceiptInvalid,
)
from paywall.redemptions.access import Credentials
from paywall.settings import Settings
from paywall.web.bodies import text_member
from shared.dialects.base import HeaderLines
from shared.dialects.credit import ShownCredit, credit_used, read_credit
from shared.tokens.jws import TokenError

MAX_TOKEN = 8192
MAX_KEY = 255


class Origins:
    """Where this server may have been called; from the settings, for a Host header can be forged."""

    def __init__(self, settings: Settings) -> None:
        service_url, parts = settings.service_url, urlsplit(settings.service_url)
        names = {settings.host, "127.0.0.1", "localhost", "[::1]"}
        local = set() if settings.public_url else {f"http://{name}:{settings.port}" for name in names}
        # A path in our URL is in the request's own when we are mounted there, and not when a proxy took it off.
        self._mounted = {f"{parts.scheme}://{parts.netloc}", *local}
        self._alone = {service_url, *local}
        self._usual = parts.netloc
        self._by_name = [{urlsplit(one).netloc: one for one in own} for own in (self._alone, self._mounted)]

    def matches(self, url: str, request: Request) -> bool:
        path = request.scope["path"]
        own = self._mounted if request.scope.get("root_path") else self._alone
        return url.endswith(path) and url.removesuffix(path) in own

    def called(self, request: Request) -> str:
        """The URL that was called, as its client wrote it where it named us by one of our own names."""
        by_name = self._by_name[bool(request.scope.get("root_path"))]
        base = by_name.get(request.headers.get("host", ""), by_name[self._usual])
        query = request.scope["query_string"].decode("latin-1")  # `request.url` takes a tenth of a 402's time
        return f"{base}{request.scope['path']}{'?' if query else ''}{query}"


def credentials_of(request: Request, body: Mapping[str, Any], origins: Origins) -> Credentials | None:
    """What is shown, or None for nothing. Errors: ReceiptInvalid, HolderProofRequired, BadRequest, HeadersTooLarge."""
    header = request.headers.get("authorization")
    if (shown := _credit(request)) is not None:
        if header is not None or "receipt" in body:
            raise BadRequest("Show the receipt in one place.")
        return _credentials_of(request, shown.receipt, shown.proof, origins)
    if header is None:
        if "receipt" not in body:
            return None
        return _credentials_of(request, text_member(body, "receipt"), None, origins)
    if "receipt" in body:
        raise BadRequest("Show the receipt in one place, not in the header and in the body.")
    scheme, _, token = header.partition(" ")
    if len(token) > MAX_TOKEN:
        raise HeadersTooLarge(f"A receipt has at most {MAX_TOKEN:,} bytes.")
    match scheme.lower():
        case "bearer":
            return _credentials_of(request, token, None, origins)
        case "dpop":
            return _credentials_of(request, token, proof_header(request), origins)
    raise ReceiptInvalid("The receipt is shown as `Authorization: DPoP` or `Bearer`.")


def _credit(request: Request) -> ShownCredit | None:
    """By x402's scheme `credit`. Errors: ReceiptInvalid."""
    try:
        return read_credit(request.headers)
    except TokenError as error:
        raise ReceiptInvalid(f"The credit does not hold: {error}.") from error


def credit_lines(request: Request, redemption_id: str, credits_remaining: int) -> HeaderLines:
    """For who paid by that scheme; none for others."""
    shown = _credit(request)
    return () if shown is None else credit_used(shown.network, redemption_id, credits_remaining)


def proof_header(request: Request) -> str:
    """Errors: HolderProofRequired when there is none, HolderProofInvalid when there are two, HeadersTooLarge."""
    proofs = request.headers.getlist("dpop")
    if not proofs:
        raise HolderProofRequired("The scheme DPoP needs a DPoP header with a proof (RFC 9449).")
    if len(proofs) > 1:
        raise HolderProofInvalid("There must be one DPoP header.")
    if len(proofs[0]) > MAX_TOKEN:
        raise HeadersTooLarge(f"A holder proof has at most {MAX_TOKEN:,} bytes.")
    return proofs[0]


def _credentials_of(request: Request, token: str, proof: str | None, origins: Origins) -> Credentials:
    return Credentials(token, proof, request.method, lambda url: origins.matches(url, request))


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key, bare or as the draft's quoted string. Errors: BadRequest."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise BadRequest(f"An Idempotency-Key has 1 to {MAX_KEY} printable ASCII characters.")
    return key
