"""The commands that ask a chain: they call nobody whom a seller has no business to name, the faucet included."""

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.support.hostile.serving import serving
from tests.support.processes.shell import Shell

COMMANDS = (["wallet", "fund"], ["wallet", "balance"], ["audit"], ["buy"])
ELSEWHERE = (
    "http://user:word@{host}/api/v0",
    "http://{host}:80/api/v0",
    "http://{host}/../api/v0",
    "http://{host}/api/v0?x=/api/v0",
    "http://{host}#@127.0.0.1/api/v0",
    "http://192.0.2.1/api/v0",
)


class Bystander:
    """Something else that listens on this machine, and notes who calls."""

    def __init__(self, faucet: Callable[[], Response] = lambda: JSONResponse({})) -> None:
        self.calls: list[str] = []
        self._faucet = faucet
        everything = Route("/{path:path}", self._called, methods=["GET", "POST", "PUT", "DELETE"])
        self.app = Starlette(routes=[everything])

    async def _called(self, request: Request) -> Response:
        self.calls.append(request.url.path)
        return self._faucet() if request.url.path == "/devnet/faucet" else JSONResponse([])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_tricky_url_in_the_catalog_is_called_by_no_command(filled: Shell, command: list[str]) -> None:
    bystander = Bystander()
    with serving(bystander.app) as url:
        host = url.removeprefix("http://")
        for form in ELSEWHERE:
            named = form.format(host=host)
            filled.seller.lies.catalog = lambda c, named=named: {**c, "chain": {"blockfrost": named}}  # type: ignore[misc]  # bound now
            done = filled.run(*command, "--json")
            assert (done.code, done.told["error"]["code"]) == (5, "devnet_elsewhere"), (named, done.err)
    assert bystander.calls == []
    assert filled.seller.transactions == set()


def test_the_chain_that_the_user_names_is_asked_instead(filled: Shell) -> None:
    bystander = Bystander()
    with serving(bystander.app) as url:
        filled.seller.lies.catalog = lambda c: {**c, "chain": {"blockfrost": url + "/api/v0"}}
        filled.environment["BUYER_CHAIN"] = filled.seller.devnet.url
        told = filled.run("wallet", "balance", "--json").told
    assert (told["lovelace"], bystander.calls) == (200_000_000, [])


@pytest.mark.parametrize(
    "answer",
    [
        lambda: PlainTextResponse("<html>"),
        lambda: JSONResponse([]),
        lambda: JSONResponse({"tx_hash": 7}),
        lambda: JSONResponse({"tx_hash": "\x1b[2J" * 16}),
        lambda: Response(b"[" * 5_000_000),
    ],
    ids=["html", "a list", "a number", "escapes", "huge"],
)
def test_an_odd_answer_of_a_faucet_is_one_error(filled: Shell, answer: Callable[[], Response]) -> None:
    with serving(Bystander(answer).app) as url:
        filled.seller.lies.catalog = lambda c: {**c, "chain": {"blockfrost": url + "/api/v0"}}
        done = filled.run("wallet", "fund", "--json")
    assert done.code == 5, done.err
    assert done.told["error"]["code"] in {"faucet_malformed", "faucet_unreachable"}
    assert "Traceback" not in done.err
    assert "\x1b" not in done.err + done.out
