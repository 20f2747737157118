"""The devnet's own endpoints, under /devnet: money, blocks, rollbacks and faults at will."""

from collections.abc import Mapping
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paywall.devnet.blockfrost.lookups import devnet_of
from paywall.devnet.chain import Block
from paywall.devnet.faults import Fault
from shared import strict_json

MAX_BLOCKS = 100_000
MAX_SKIP = 1_000_000_000  # three decades


async def faucet(request: Request) -> Response:
    """`{"address", "lovelace"}` → `{"tx_hash"}`; the payment is in the mempool."""
    body = await _body(request)
    address, lovelace = body.get("address"), body.get("lovelace")
    if not isinstance(address, str) or type(lovelace) is not int:
        raise ValueError("the faucet wants an address and a whole number of lovelace")
    return JSONResponse({"tx_hash": await devnet_of(request).pay(address, lovelace)})


async def blocks(request: Request) -> Response:
    """`{"count": 1, "skip_slots": 0}` → the tip after making them now."""
    body = await _body(request)
    devnet = devnet_of(request)
    tip = await devnet.produce(_whole(body, "count", 1, MAX_BLOCKS), _whole(body, "skip_slots", 0, MAX_SKIP))
    return JSONResponse(_tip(tip))


async def rollback(request: Request) -> Response:
    """`{"blocks": n, "keep": false}` → the tip, and the ids that left the chain as `removed`."""
    body = await _body(request)
    keep = body.get("keep", False)
    if not isinstance(keep, bool):
        raise ValueError("keep is true or false")
    devnet = devnet_of(request)
    removed = await devnet.rollback(_whole(body, "blocks", 1, MAX_BLOCKS), keep=keep)
    return JSONResponse({**_tip(devnet.chain.tip), "removed": removed})


async def set_fault(request: Request) -> Response:
    """See `Fault`. → what is set."""
    request.app.state.fault = Fault.parse(await _body(request))
    return _fault(request)


async def clear_fault(request: Request) -> Response:
    """Ends the fault."""
    request.app.state.fault = Fault()
    return _fault(request)


async def hide(request: Request) -> Response:
    """`{"transactions": [ids]}`: until the next call, the answers are those of a chain without them.

    So an index that lags looks, or a node on another fork. The ledger and the blocks go on with them. → the ids.
    """
    names = (await _body(request)).get("transactions", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("transactions is a list of ids")
    request.app.state.hidden = frozenset(names)
    return JSONResponse({"hidden": sorted(request.app.state.hidden)})


async def judge(request: Request) -> Response:
    """A transaction's bytes → `{"tx_hash"}`, when the ledger would take it now; it is not taken."""
    return JSONResponse({"tx_hash": await devnet_of(request).submit_and_lose(await request.body())})


async def status(request: Request) -> Response:
    """The tip, the slot it is now, the mempool's ids, the faucet's address and the fault."""
    devnet = devnet_of(request)
    fault: Fault = request.app.state.fault
    return JSONResponse(
        {
            **_tip(devnet.chain.tip),
            "genesis_time": devnet.settings.genesis_time,
            "slot_now": devnet.slot,
            "mempool": list(devnet.chain.mempool),
            "faucet": devnet.faucet.address,
            "fault": asdict(fault),
        }
    )


def _tip(block: Block) -> dict[str, object]:
    return {"height": block.height, "slot": block.slot, "hash": block.hash}


def _fault(request: Request) -> Response:
    fault: Fault = request.app.state.fault
    return JSONResponse(asdict(fault))


async def _body(request: Request) -> Mapping[str, object]:
    body = strict_json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is a JSON object")
    return body


def _whole(body: Mapping[str, object], name: str, default: int, most: int) -> int:
    value = body.get(name, default)
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{name} is a whole number of at most {most}")
    return value


ROUTES = [
    Route("/faucet", faucet, methods=["POST"]),
    Route("/blocks", blocks, methods=["POST"]),
    Route("/rollback", rollback, methods=["POST"]),
    Route("/faults", set_fault, methods=["POST"]),
    Route("/faults", clear_fault, methods=["DELETE"]),
    Route("/hide", hide, methods=["POST"]),
    Route("/judge", judge, methods=["POST"]),
    Route("/status", status),
]
