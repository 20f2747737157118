"""Blockfrost's two writing endpoints: submit a transaction, and evaluate its Plutus scripts."""

import asyncio
import base64
import binascii
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paywall.devnet.blockfrost.lookups import devnet_of
from paywall.devnet.faults import Fault
from paywall.devnet.ledger.emulator import LedgerRefusal

DROP = "devnet.drop"  # ASGI extension of server.py: a function that breaks the connection


async def submit(request: Request) -> Response:
    """Answers with the transaction id as a JSON string, after committing the fault that a test asked for."""
    devnet = devnet_of(request)
    try:
        raw = await request.body()
    except ClientDisconnect:
        return Response()  # its sender died: nobody is there to read it
    fault: Fault = request.app.state.fault
    request.app.state.fault = fault.used()
    await asyncio.sleep(fault.delay_ms / 1000)
    if fault.submit == "refuse":
        raise LedgerRefusal("refused on request (devnet fault)")
    if fault.submit == "error":
        raise HTTPException(500, "failed on request (devnet fault)")
    if fault.submit == "drop_before":
        return await _drop(request)
    accepted = await (devnet.submit_and_lose(raw) if fault.submit == "lose" else devnet.submit(raw))
    if fault.submit == "drop_after":
        return await _drop(request)
    if fault.submit == "accept_then_error":
        raise HTTPException(500, "failed on request (devnet fault)")
    return JSONResponse(accepted)


async def evaluate(request: Request) -> Response:
    """Takes hex or base64 text (or bytes); answers as Ogmios 5 does, which is what Blockfrost passes on."""
    raw = _decoded(await request.body())
    try:
        units = await devnet_of(request).evaluate(raw)
    except LedgerRefusal as refusal:
        result: dict[str, object] = {"EvaluationFailure": {"ScriptFailures": {}, "reason": str(refusal)}}
    else:
        result = {
            "EvaluationResult": {
                f"{unit.tag.lower()}:{unit.index}": {"memory": unit.memory, "steps": unit.steps}
                for unit in units
            }
        }
    answer = {
        "type": "jsonwsp/response",
        "version": "1.0",
        "servicename": "ogmios",
        "methodname": "EvaluateTx",
    }
    return JSONResponse({**answer, "result": result, "reflection": {"id": "paywall-devnet"}})


async def _drop(request: Request) -> Response:
    drop: Callable[[], None] = request.scope["extensions"][DROP]
    drop()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()  # nobody is there to read it


def _decoded(body: bytes) -> bytes:
    text = body.strip()
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return body


ROUTES = [
    Route("/tx/submit", submit, methods=["POST"]),
    Route("/utils/txs/evaluate", evaluate, methods=["POST"]),
]
