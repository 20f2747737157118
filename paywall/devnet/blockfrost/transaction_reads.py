"""Blockfrost's reading endpoints for transactions, the mempool and scripts."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paywall.devnet.blockfrost import metadata, shapes
from paywall.devnet.blockfrost.lookups import devnet_of, hidden, known, page, place_of, script_of
from paywall.devnet.ledger.native_scripts import as_json


async def transaction(request: Request) -> Response:
    return JSONResponse(shapes.transaction(place_of(request), devnet_of(request).settings.genesis_time))


async def transaction_utxos(request: Request) -> Response:
    chain = devnet_of(request).chain
    told = shapes.transaction_utxos(chain, place_of(request).transaction, chain.outputs)
    for output in told["outputs"]:
        if output["consumed_by_tx"] in hidden(request):
            output["consumed_by_tx"] = None
    return JSONResponse(told)


async def transaction_metadata(request: Request) -> Response:
    return JSONResponse(metadata.as_json(place_of(request).transaction.parsed.metadata))


async def transaction_metadata_cbor(request: Request) -> Response:
    return JSONResponse(metadata.as_cbor(place_of(request).transaction.parsed.metadata))


async def transaction_cbor(request: Request) -> Response:
    return JSONResponse({"cbor": place_of(request).transaction.raw.hex()})


async def mempool(request: Request) -> Response:
    names = [{"tx_hash": name} for name in devnet_of(request).chain.mempool]
    return page(request, names)


async def mempool_transaction(request: Request) -> Response:
    chain = devnet_of(request).chain
    found = known(chain.mempool.get(request.path_params["hash"]))
    return JSONResponse(shapes.mempool(chain, found))


async def script(request: Request) -> Response:
    found = script_of(request)
    size = None if found.kind == "timelock" else len(found.raw)
    return JSONResponse({"script_hash": found.hash, "type": found.kind, "serialised_size": size})


async def script_json(request: Request) -> Response:
    found = script_of(request)
    return JSONResponse({"json": as_json(found.raw) if found.kind == "timelock" else None})


async def script_cbor(request: Request) -> Response:
    found = script_of(request)
    return JSONResponse({"cbor": None if found.kind == "timelock" else found.raw.hex()})


ROUTES = [
    Route("/txs/{hash}", transaction),
    Route("/txs/{hash}/utxos", transaction_utxos),
    Route("/txs/{hash}/metadata", transaction_metadata),
    Route("/txs/{hash}/metadata/cbor", transaction_metadata_cbor),
    Route("/txs/{hash}/cbor", transaction_cbor),
    Route("/mempool", mempool),
    Route("/mempool/{hash}", mempool_transaction),
    Route("/scripts/{hash}", script),
    Route("/scripts/{hash}/json", script_json),
    Route("/scripts/{hash}/cbor", script_cbor),
]
