"""HTTP to a chain service: one kept connection pool, limits on everything, retries for questions only."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shared.chain.base import ChainUnavailable
from shared.chain.tls import no_cookies, trusted
from shared.loopback import is_loopback
from shared.strict_json import StrictJsonError, loads
from shared.text import clean

MAX_ANSWER = 4 * 1024 * 1024  # a page of 100 outputs full of tokens stays well under it
_ATTEMPTS = 3
_BACKOFF = 0.2
_LONGEST_WAIT = 5.0
_LONGEST_MESSAGE = 2000
_TOO_MANY, _SERVER_ERROR = 429, 500
# Errors that come before a byte of the request has left.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class NotSent(Exception):
    """The request never left: no connection."""


class NoAnswer(Exception):
    """The request left, or may have, and no whole answer came."""


class TimedOut(NoAnswer):
    """No whole answer came within the time limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Any:
        """The body as strict JSON; `ChainUnavailable` when it is not."""
        try:
            return loads(self.body, max_bytes=MAX_ANSWER)
        except StrictJsonError as error:
            raise ChainUnavailable(f"the chain service answered something else than JSON: {error}") from None

    def message(self) -> str:
        """What the service says about an error."""
        try:
            document = self.json()
        except ChainUnavailable:
            document = None
        text = document.get("message") if isinstance(document, Mapping) else None
        return text if isinstance(text, str) else self.body.decode("utf-8", "replace")


class Transport:
    """Requests below `base_url`. The project id travels in a header and appears nowhere else."""

    def __init__(
        self,
        base_url: str,
        project_id: str,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        self._asked = asked
        try:
            url = httpx.URL(base_url)
        except httpx.InvalidURL as error:  # it is no ValueError
            raise ValueError(f"the chain service's address is no URL: {error}") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("the chain service's address must be an http(s) URL")
        # h11 would quote a malformed header value in its error, and so the secret.
        if not (project_id.isascii() and project_id.isprintable()):
            raise ValueError("the project id holds characters that no project id has")
        self._secret = project_id
        self._timeout = timeout
        trust_env = not is_loopback(url.host)
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"accept-encoding": "identity"} | ({"project_id": project_id} if project_id else {}),
            # A connection that cannot be made shows itself before the time for the whole is up.
            timeout=httpx.Timeout(timeout, connect=timeout / 2, pool=timeout / 2),
            follow_redirects=False,
            cookies=no_cookies(),
            trust_env=trust_env,
            verify=trusted(trust_env),
            transport=transport,
        )

    async def get(self, path: str, **query: str | int) -> Answer:
        """Ask, three times at most, once when it takes long; `ChainUnavailable` for 429, 5xx and silence."""
        wait = _BACKOFF
        for attempt in range(1, _ATTEMPTS + 1):
            self._asked()
            try:
                answer = await self.send("GET", path, params=query)
            except TimedOut as error:
                raise ChainUnavailable(f"the chain service is too slow: {error}") from None
            except (NotSent, NoAnswer) as error:
                trouble = str(error)
            else:
                if answer.status != _TOO_MANY and answer.status < _SERVER_ERROR:
                    return answer
                trouble = f"status {answer.status}"
                wait = max(wait, _retry_after(answer))
            if attempt == _ATTEMPTS or wait > _LONGEST_WAIT:
                break
            await asyncio.sleep(wait)
            wait *= 2
        raise ChainUnavailable(f"the chain service does not answer: {trouble}")

    async def send(self, method: str, path: str, **request: Any) -> Answer:
        """Send once, within the time limit as a whole; `NotSent` or `NoAnswer` when it fails."""
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(method, path, **request) as response,
            ):
                return Answer(response.status_code, response.headers, await _body(response))
        except _NOT_SENT as error:
            raise NotSent(_name(error)) from None
        except (httpx.TimeoutException, TimeoutError) as error:
            raise TimedOut(_name(error)) from None
        except httpx.HTTPError as error:
            raise NoAnswer(_name(error)) from None

    def said(self, answer: Answer) -> str:
        """The start of the service's message, without the project id: services like to quote it back."""
        message = answer.message()
        return clean(message.replace(self._secret, "***") if self._secret else message, _LONGEST_MESSAGE)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    # Raw, because a few compressed bytes could unfold to gigabytes; a compressed answer is then not JSON.
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise httpx.DecodingError("the answer is too large")
    return bytes(body)


def _name(error: Exception) -> str:
    return f"{type(error).__name__} {error}".strip()


def _retry_after(answer: Answer) -> float:
    value = answer.headers.get("retry-after", "")
    # The other form, a date, is not used by rate limiters; it counts as absent.
    return float(value) if value.isascii() and value.isdigit() else 0.0
