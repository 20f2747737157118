"""HTTP with a seller that cannot be trusted: where it may lead, how much it may send, how often it is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from buyer.errors import BuyerError, SellerFault, SellerUnreachable, UsageError, nothing
from buyer.seller import http as http_module
from buyer.seller.http import Reply, SellerHttp, refusal
from buyer.seller.origin import seller_origin
from shared.problem import Problem


class Scripted(httpx.AsyncBaseTransport):
    """Answers with what the script says, and remembers what it was asked."""

    def __init__(self, *script: httpx.Response | Exception) -> None:
        self._script = list(script)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(answer, Exception):
            raise answer
        if answer.is_stream_consumed:  # made from bytes: send them as a server does
            return httpx.Response(
                answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
            )
        return answer


class Endless(httpx.AsyncByteStream):
    """A body that goes on for ever."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 4096


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "FIRST_DELAY", 0.0)


def ask(
    transport: httpx.AsyncBaseTransport,
    trace: Callable[[str], None] = nothing,
    say: Callable[[str], None] = nothing,
) -> Reply:
    async def once() -> Reply:
        http = SellerHttp("https://seller.example", trace=trace, say=say, transport=transport)
        try:
            return await http.send("POST", "/api/images/buy", body={"credits": 3})
        finally:
            await http.aclose()

    return asyncio.run(once())


def failure(transport: httpx.AsyncBaseTransport) -> BuyerError:
    with pytest.raises(BuyerError) as caught:
        ask(transport)
    return caught.value


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    transport = Scripted(httpx.Response(status, headers={"Location": "https://evil.example/"}))
    error = failure(transport)
    assert isinstance(error, SellerFault)
    assert error.code == "redirected"
    assert [request.url.host for request in transport.requests] == ["seller.example"]


def test_an_endless_body_is_cut_off() -> None:
    assert failure(Scripted(httpx.Response(200, stream=Endless()))).code == "answer_too_large"


def test_a_compressed_body_is_refused_because_a_bomb_fits_into_any_cap() -> None:
    answer = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Endless())
    assert failure(Scripted(answer)).code == "answer_malformed"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failing_seller_is_asked_again_but_not_for_ever(status: int) -> None:
    transport = Scripted(httpx.Response(status))
    error = failure(transport)
    assert isinstance(error, SellerUnreachable)
    assert len(transport.requests) == http_module.ATTEMPTS


def test_a_seller_that_comes_back_is_heard() -> None:
    transport = Scripted(
        httpx.ConnectError("refused"), httpx.Response(503), httpx.Response(402, text="token")
    )
    assert ask(transport).status == 402
    assert len(transport.requests) == 3


def test_a_wait_that_the_seller_asks_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(http_module, "LONGEST_DELAY", 0.001)
    tired = httpx.Response(429, headers={"Retry-After": "8"})
    assert ask(Scripted(tired, httpx.Response(503), httpx.Response(402)), say=said.append).status == 402
    assert said == ["the seller asks to wait 0 s"], (
        "what is waited is said, not what is asked beyond all bounds"
    )


@pytest.mark.parametrize("status", [200, 202, 400, 401, 402, 403, 404, 409, 422])
def test_any_other_answer_is_taken_as_it_is(status: int) -> None:
    transport = Scripted(httpx.Response(status))
    assert ask(transport).status == status
    assert len(transport.requests) == 1


def test_a_refused_proof_is_made_anew_but_not_for_ever() -> None:
    refused = httpx.Response(401, json=Problem(401, "holder_proof_invalid", "No", "No.").body())
    transport = Scripted(refused, refused, httpx.Response(402))
    assert ask(transport).status == 402
    transport = Scripted(refused)
    assert ask(transport).refuses_proof
    assert len(transport.requests) == http_module.ATTEMPTS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1", 1.0), ("0", 0.0), ("99999999999999", 30.0), ("-1", None), ("soon", None), ("²", None)],
)
def test_retry_after_is_heeded_within_bounds(text: str, seconds: float | None) -> None:
    assert Reply(202, {"retry-after": text}, b"").retry_after == seconds


@pytest.mark.parametrize("body", [b"[]", b'{"a":1,"a":2}', b"NaN", b"\xff", b"", b'{"a":1e400}'])
def test_an_answer_that_is_no_strict_json_object_is_the_sellers_fault(body: bytes) -> None:
    with pytest.raises(SellerFault):
        Reply(200, {}, body).json()


def test_a_refusal_that_is_no_problem_document_still_has_a_code() -> None:
    error = refusal(Reply(404, {}, b"<html>"))
    assert (error.code, error.seller_says["code"]) == ("seller_refused", "http_404")


def test_the_trace_has_steps_and_never_bodies() -> None:
    lines: list[str] = []
    ask(Scripted(httpx.Response(402, text="eyJsecret")), lines.append)
    assert lines == ["POST /api/images/buy → 402  HTTP status 402 (http_402)"]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://seller.example", "https://seller.example"),
        ("https://seller.example/", "https://seller.example"),
        ("https://SELLER.example:8443", "https://seller.example:8443"),
        ("http://localhost:8402", "http://localhost:8402"),
        ("http://127.0.0.1:8402/", "http://127.0.0.1:8402"),
        ("http://[::1]:8402", "http://[::1]:8402"),
        ("http://[0:0:0:0:0:0:0:1]:8402", "http://[::1]:8402"),
        ("https://Seller.Example:443/", "https://seller.example"),
        ("https://seller.example.:8443/shop/", "https://seller.example:8443/shop"),
        ("http://LOCALHOST.:80", "http://localhost"),
        ("HTTPS://seller.example", "https://seller.example"),
        ("https://s\u0435ller.example", "https://xn--sller-zwe.example"),
    ],
)
def test_a_sellers_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert seller_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "http://seller.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://user@seller.example",
        "https://seller.example/../shop",
        "https://seller.example//shop",
        "https://seller.example/sh%6fp",
        "https://seller.example?x",
        "https://seller.example#x",
        "ftp://seller.example",
        "seller.example",
        "https://",
        "https://[::1",
        "https://a:99999",
        "",
        "https://a" + "b" * 64,
        "https://a..b",
        "https://a b",
        "https://a:1:2",
        "https://[fe80::1%25eth0]",
        "https://a%0ab",
    ],
)
def test_what_is_no_safe_url_of_a_seller_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError):
        seller_origin(url)
