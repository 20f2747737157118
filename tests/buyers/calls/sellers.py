"""Sellers on loopback that answer as a test tells them, and keep what they were shown.

Their 402 has the shape that PyPI x402 2.25 gives a seller on Cardano (`accepts` without any name of a request), or
pympp 0.16's challenge.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.tokens import base64url
from tests.support.hostile.serving import serving


class ScriptedSeller:
    """`answers` are given in turn, the last one ever again; `shown` are the payments, "" for none."""

    def __init__(self, *answers: Response | Callable[[], Response]) -> None:
        self._answers = list(answers)
        self.shown: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        await request.body()
        mpp = request.headers.get("authorization", "")
        self.shown.append(request.headers.get("payment-signature", "") or mpp)
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return found if isinstance(found, Response) else found()

    @contextmanager
    def open(self) -> Iterator["ScriptedSeller"]:
        methods = ["GET", "POST"]
        app = Starlette(routes=[Route("/{path:path}", self.answer, methods=methods)])
        with serving(app) as self.url:
            yield self

    @property
    def payments(self) -> set[str]:
        """Those that were shown, each once."""
        return {payment for payment in self.shown if payment}


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def x402(pay_to: str, **changes: Any) -> Response:
    """A 402; a lovelace is nothing to a wallet of the tests."""
    entry = {
        "scheme": "exact",
        "network": "cardano:devnet",
        "amount": "2000000",
        "asset": "lovelace",
        "payTo": pay_to,
        "maxTimeoutSeconds": 600,
        "extra": {},
    }
    said = {"x402Version": 2, "resource": {"url": "x"}, "accepts": [{**entry, **changes}]}
    return Response(status_code=402, headers={"PAYMENT-REQUIRED": encoded(said)})


def mpp(pay_to: str, challenge_id: str = "one", expires: str = "2099-01-01T00:00:00Z") -> Response:
    details = {"network": "cardano:devnet"}
    asked = {"amount": "2000000", "currency": "lovelace", "recipient": pay_to, "methodDetails": details}
    request = base64url.encode(json.dumps(asked).encode())
    line = (
        f'Payment id="{challenge_id}", realm="r", method="cardano", intent="charge",'
        f' request="{request}", expires="{expires}"'
    )
    return Response(status_code=402, headers={"WWW-Authenticate": line})


def delivered() -> Response:
    told = {"success": True, "transaction": "ab" * 32, "network": "cardano:devnet"}
    return Response("here it is", headers={"PAYMENT-RESPONSE": encoded(told)})


async def endless() -> AsyncIterator[bytes]:
    """50 MB."""
    for _ in range(800):
        yield bytes(65_536)


def broken_off() -> Response:
    """An answer of which only the head arrives."""
    return Response("here", headers={"Content-Length": "10"})
