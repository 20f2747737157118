"""HTTP with a seller that is not trusted: no redirects, capped answers, bounded and harmless repeats."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from secrets import SystemRandom
from typing import Any
from urllib.parse import urlsplit

import httpx

from buyer.errors import PaymentRefused, SellerFault, SellerUnreachable, nothing
from buyer.outgoing import usable_variables
from buyer.seller.origin import is_on_this_machine
from shared import strict_json
from shared.chain.tls import no_cookies, trusted
from shared.problem import Problem
from shared.text import clean

_CHANCE = SystemRandom()
MAX_JSON = 65_536
ATTEMPTS = 4
FIRST_DELAY = 0.3
LONGEST_DELAY = 30.0
REQUEST_SECONDS = 90.0
REPEATABLE = frozenset({429, 500, 502, 503, 504})
#: the code of a refused proof: a proxy that sent a request twice may have used it up with the first
PROOF_REFUSED = "holder_proof_invalid"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole. `retry_after` in seconds, bounded; None when the seller named none."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status == HTTPStatus.OK

    @property
    def redirects(self) -> bool:
        return HTTPStatus(300) <= self.status < HTTPStatus.BAD_REQUEST

    @property
    def refuses(self) -> bool:
        return self.status >= HTTPStatus.BAD_REQUEST

    @property
    def refuses_proof(self) -> bool:
        """Whether it is the proof that is refused (RFC 9449): that says nothing of what was asked with it."""
        return self.status == HTTPStatus.UNAUTHORIZED and self.problem().code == PROOF_REFUSED

    @property
    def repeated(self) -> bool:
        """Whether the seller says that it had answered this idempotency key before."""
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def retry_after(self) -> float | None:
        text = self.headers.get("retry-after", "")
        return min(float(text), LONGEST_DELAY) if text.isdecimal() and text.isascii() else None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; SellerFault otherwise."""
        try:
            value = strict_json.loads(self.body, max_bytes=MAX_JSON)
        except strict_json.StrictJsonError as error:
            raise SellerFault("answer_malformed", f"the seller's answer is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise SellerFault("answer_malformed", "the seller's answer is not a JSON object")
        return value

    def problem(self) -> Problem:
        """The refusal that the body describes (RFC 9457), or a nameless one with the status."""
        try:
            return Problem.parse(strict_json.loads(self.body, max_bytes=MAX_JSON))
        except ValueError:
            return Problem(self.status, f"http_{self.status}", f"HTTP status {self.status}", "")


class SellerHttp:
    """Requests to one origin. `trace` hears of each answer (no token, key or body), `say` of waits asked for."""

    def __init__(
        self,
        origin: str,
        *,
        trace: Callable[[str], None],
        say: Callable[[str], None] = nothing,
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        self.origin = origin
        #: the path below which the seller is mounted; empty for most
        self.mount = urlsplit(origin).path
        self._trace, self._say = trace, say
        # A proxy has no business between two processes of one machine.
        trust_env = not is_on_this_machine(origin)
        with usable_variables():
            self._client = httpx.AsyncClient(
                base_url=origin,
                follow_redirects=False,  # httpx would send the proof and the claim along to another host
                timeout=httpx.Timeout(30, connect=5),
                cookies=no_cookies(),
                trust_env=trust_env,
                verify=trusted(trust_env),
                transport=transport,
            )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        cap: int = MAX_JSON,
        explain: Callable[[Reply], str] | None = None,
    ) -> Reply:
        """Ask until there is an answer that is not the seller's own failure, `ATTEMPTS` times at most.

        Every request that this package makes is harmless to repeat: a repeated order makes one more unpaid
        payment request, a claim carries the same bytes, an image its idempotency key. `auth` makes a new proof each
        time, so that a proof which was refused is answered in the end as the last one was. `text` is a body that is
        JSON already.
        """
        text = strict_json.dumps(body) if body is not None else text
        request = self._client.build_request(
            method,
            path,
            content=None if text is None else text.encode(),
            headers={
                "accept": "application/json",
                "accept-encoding": "identity",  # what is capped must be what is held in memory
                **({} if text is None else {"content-type": "application/json"}),
                **(headers or {}),
            },
        )
        failure, said = "", None
        for attempt in range(ATTEMPTS):
            delay = FIRST_DELAY * 2**attempt
            try:
                reply = await self._once(request, auth, cap)
                self._trace(f"{method} {path} → {reply.status}{_meaning(reply, explain)}")
            except (httpx.HTTPError, TimeoutError) as error:
                failure, said = f"no answer from {self.origin} ({type(error).__name__})", None
                self._trace(f"{method} {path} → {failure}")
            else:
                if reply.redirects:
                    raise SellerFault(
                        "redirected", f"{self.origin} redirects {path}; redirects are never followed"
                    )
                last = attempt + 1 == ATTEMPTS
                if reply.status not in REPEATABLE and (last or not reply.refuses_proof):
                    return reply
                failure, said = f"{self.origin} answers with status {reply.status}", reply.problem()
                delay = max(reply.retry_after or 0.0, delay)
                if reply.retry_after and attempt + 1 < ATTEMPTS:
                    self._say(f"the seller asks to wait {reply.retry_after:.0f} s")
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(delay * (1 + _CHANCE.random() / 4))  # not all buyers at once
        hint = "Is the URL right, the seller running? What was begun is kept; the same command goes on."
        raise SellerUnreachable("seller_unreachable", failure, hint=hint, seller_says=said)

    async def _once(self, request: httpx.Request, auth: httpx.Auth | None, cap: int) -> Reply:
        async with asyncio.timeout(REQUEST_SECONDS):
            response = await self._client.send(request, auth=auth, stream=True)
            try:
                content = await _read(response, cap)
            finally:
                await response.aclose()
        return Reply(response.status_code, response.headers, content)


def refusal(reply: Reply) -> PaymentRefused:
    """A 4xx as an error for the caller."""
    message = f"the seller refused (status {reply.status})"
    return PaymentRefused("seller_refused", message, seller_says=reply.problem())


def describe(problem: Problem) -> str:
    text = (
        f"{problem.title}: {problem.detail}"
        if problem.detail and problem.detail != problem.title
        else problem.title
    )
    return f"{clean(text)} ({clean(problem.code)})"


def _meaning(reply: Reply, explain: Callable[[Reply], str] | None) -> str:
    try:
        words = explain(reply) if explain is not None else ""
    except (SellerFault, ValueError, LookupError, TypeError, AttributeError):
        words = ""  # whoever reads the answer in earnest says what is wrong with it
    if not words and reply.refuses:
        words = describe(reply.problem())
    return f"  {words}" if words else ""


async def _read(response: httpx.Response, cap: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise SellerFault("answer_malformed", "the seller compressed its answer although it was asked not to")
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > cap:
            raise SellerFault("answer_too_large", f"the seller's answer is larger than {cap} bytes")
    return bytes(content)
