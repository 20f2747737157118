"""One seller for all tests of a module, on an event loop that lives as long as they do."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from shared.dialects.mpp import PROBLEMS, SLUGS
from shared.keys import SigningKey
from shared.problem import TYPE_PREFIX
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.ledger import Ledger, added, read_ledger
from tests.support.world.seller import Seller, open_seller

T = TypeVar("T")
Send = Callable[[], Coroutine[Any, Any, httpx.Response]]


class Stage:
    """`run` runs a coroutine where the seller lives. `key` is the seller's own: for tokens that it never made."""

    def __init__(self, runner: asyncio.Runner, seller: Seller) -> None:
        self._runner = runner
        self.seller = seller
        self.key = SigningKey.from_pem((seller.parts.settings.folder / "seller.pem").read_bytes())

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    def ledger(self) -> Ledger:
        return self.run(read_ledger(self.seller.parts.database))

    def refused(
        self, send: Send, status: int, code: str, adds: dict[str, int] | None = None
    ) -> httpx.Response:
        """The answer to `send`: problem details of that status and code, with the ledger as it was.

        `adds` counts the rows that may come to it.
        """
        before = self.ledger()
        answer = self.run(send())
        check_problem(answer, status, code)
        assert added(before, self.ledger()) == (adds or {})
        return answer


@contextmanager
def open_stage(devnet: DevnetProcess, folder: Path, **settings: Any) -> Iterator[Stage]:
    """Takes what `open_seller` takes."""
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()
        seller = runner.run(opened.enter_async_context(open_seller(devnet, folder, **settings)))
        try:
            yield Stage(runner, seller)
        finally:
            runner.run(opened.aclose())


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    """RFC 9457 problem details with our members, which no cache keeps; a 401 says how to do better."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.text[:500]
    )
    assert answer.headers["cache-control"] == "no-store"
    asked = [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]
    assert set(asked) <= {"Payment"} if status == 402 else asked == ["DPoP"] * (status == 401)
    if answer.request.method != "HEAD":
        body = answer.json()
        assert (body["code"], body["status"]) == (code, status), body
        # Who paid by MPP is told in its own types, where it has one.
        assert body["type"] in {TYPE_PREFIX + code, PROBLEMS + SLUGS.get(code, "")}, body
