"""HTTP that writes down what it was asked and answered, and its twin that answers from such a record.

A question is the last part of a path that was posted to, or a JSON-RPC method with its parameters, or `get` and a
path; an answer is a status and a body.
"""

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.contract.rails.ways import Broken

Record = dict[str, Any]


class RecordingHttp(httpx.AsyncBaseTransport):
    """Asks the real thing, and keeps `record`."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.record: Record = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        body = json.loads(await answer.aread())
        self.record[_question(request)] = {"status": answer.status_code, "body": body}
        return _response(answer.status_code, body)

    async def aclose(self) -> None:
        await self._inner.aclose()


class RecordedHttp(httpx.AsyncBaseTransport):
    """Answers from a record. `asked` are the questions in order; `broken` makes one kind of them fail."""

    def __init__(self, record: Record, broken: "Broken") -> None:
        self._record = record
        self._broken = broken
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        question = _question(request)
        self.asked.append(question)
        if question.split()[0] == self._broken.kind:
            raise self._broken.fault("broken by the test")
        assert question in self._record, f"the record holds no answer to: {question}"
        told = self._record[question]
        return _response(told["status"], told["body"])


def _response(status: int, body: Any) -> httpx.Response:
    """Not read yet, as one from a socket."""
    return httpx.Response(status, stream=httpx.ByteStream(json.dumps(body).encode()))


def _question(request: httpx.Request) -> str:
    if request.method == "GET":
        return f"get {request.url.path}"
    said = json.loads(request.content)
    if "method" not in said:
        return request.url.path.rpartition("/")[2]
    return f"{said['method']} {json.dumps(said['params'])}"
