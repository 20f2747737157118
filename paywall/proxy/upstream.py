"""The service behind a proxy: it gets what was asked, without what pays for it, and its answer goes back."""

import logging
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from paywall.errors import FulfilmentFailed, SetupError

log = logging.getLogger("paywall.proxy")
#: of one connection (RFC 9110 section 7.6.1), or counted anew
_HOPS = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"content-length", "expect", "host"}
)
#: by which a service would read another method or path than was paid for
_OTHERWISE = frozenset(
    {"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"}
)
#: what pays is for the proxy alone: whoever has a receipt can use it
_PAYS = frozenset(
    {"dpop", "payment-signature", "x-payment", "payment-authorization", "idempotency-key"}
    | {"proxy-authorization", "redemption-id"}
)
#: what the proxy says of a use itself: two of a name would leave it to the client which one it believes
_SAID = frozenset({"redemption-id", "credits-remaining", "credit-receipt", "idempotent-replayed"})
CONNECT_SECONDS = 5.0
STATUSES = range(200, 600)


class Upstream:
    """Asks one service. `seconds` bound its answer's beginning and each of its pieces."""

    def __init__(self, url: str, *, seconds: float) -> None:
        """Errors: SetupError."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise SetupError("The upstream is a URL such as http://127.0.0.1:9000.")
        self._base = url.rstrip("/")
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(seconds, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            # A connection each: what an answer says beyond its length would be the next client's answer. How many
            # there are is bounded where clients connect; in a pool, slow readers would keep the others waiting.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def answer(self, request: Request) -> Response:
        """The service's answer as it comes. Errors: FulfilmentFailed."""
        # Not the client's `build_request`, which would ask in its own name for what nobody asked for.
        asked = httpx.Request(
            request.method,
            self._target(request),
            headers=_passed_on(request),
            content=await request.body(),
            extensions={"timeout": self._client.timeout.as_dict()},
        )
        try:
            answer = await self._client.send(asked, stream=True)
        except httpx.HTTPError as error:
            raise FulfilmentFailed(note=f"the upstream does not answer ({type(error).__name__})") from error
        if answer.status_code not in STATUSES:
            await answer.aclose()
            raise FulfilmentFailed(note=f"the upstream answers with the status {answer.status_code}")
        # The pieces as they are, compressed ones too: they are not ours to read.
        response = StreamingResponse(
            _pieces(answer), answer.status_code, background=BackgroundTask(answer.aclose)
        )
        is_sold = getattr(request.state, "redemption_id", None) is not None
        dropped = _HOPS | _SAID if is_sold else _HOPS
        response.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode("latin-1").lower() not in dropped
        ]
        return response

    async def aclose(self) -> None:
        await self._client.aclose()

    def _target(self, request: Request) -> httpx.URL:
        """The path and query to the letter."""
        path, query = request.scope["raw_path"], request.scope["query_string"]
        base = httpx.URL(self._base)
        own = base.raw_path.rstrip(b"/") + path + (b"?" + query if query else b"")
        return base.copy_with(raw_path=own)


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    except httpx.HTTPError as error:
        raise FulfilmentFailed(note=f"the upstream's answer breaks off ({type(error).__name__})") from error


def _passed_on(request: Request) -> list[tuple[bytes, bytes]]:
    """Its headers without those of the connection and those that pay, and the redemption, for the service's own log.

    One with an underscore is no proxy's to pass on: many services read it as the one with a hyphen.
    """
    listed = b",".join(value for name, value in request.headers.raw if name == b"connection")
    named = {name.strip().lower() for name in listed.decode("latin-1").split(",")}
    redemption_id = getattr(request.state, "redemption_id", None)
    shown = [line.partition(" ")[0].lower() for line in request.headers.getlist("authorization")]
    # Of what is free the service may want its own, but never one that pays.
    own = redemption_id is None and not {"dpop", "payment"} & {*shown}
    dropped = _HOPS | _PAYS | _OTHERWISE | named | (set() if own else {"authorization"})
    kept = [
        (name, value)
        for name, value in request.headers.raw
        if (text := name.decode("latin-1").lower()) not in dropped and "_" not in text
    ]
    if redemption_id is None:
        return kept
    redemption = redemption_id.encode()
    return [*kept, (b"redemption-id", redemption), (b"idempotency-key", redemption)]
