"""Blockfrost's reading endpoints for network, blocks, addresses and assets: confirmed blocks only."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paywall.devnet.blockfrost import shapes
from paywall.devnet.blockfrost.lookups import (
    address_of,
    asset_named,
    devnet_of,
    known,
    mints_of,
    page,
    unspent_at,
)
from paywall.devnet.chain import Block
from paywall.devnet.devnet import Devnet
from paywall.devnet.ledger.parameters import epoch_parameters
from shared.cardano.addresses import payment_key_hash

NETWORK_MAGIC = 42


async def root(_: Request) -> Response:
    return JSONResponse({"url": "https://blockfrost.io/", "version": "paywall-devnet"})


async def health(_: Request) -> Response:
    return JSONResponse({"is_healthy": True})


async def epoch(request: Request) -> Response:
    devnet = devnet_of(request)
    number = devnet.slot // shapes.EPOCH_SLOTS
    start = devnet.time_of(number * shapes.EPOCH_SLOTS)
    held = [block for block in devnet.chain.blocks if block.slot // shapes.EPOCH_SLOTS == number]
    inside = [found for block in held for found in block.transactions]
    times = [devnet.time_of(block.slot) for block in held] or [start]
    return JSONResponse(
        {
            "epoch": number,
            "start_time": start,
            "end_time": start + shapes.EPOCH_SLOTS,
            "first_block_time": times[0],
            "last_block_time": times[-1],
            "block_count": len(held),
            "tx_count": len(inside),
            "output": str(sum(output.lovelace for found in inside for output in found.parsed.outputs)),
            "fees": str(sum(found.parsed.fee for found in inside)),
            "active_stake": None,
        }
    )


async def parameters(request: Request) -> Response:
    devnet = devnet_of(request)
    number = devnet.slot // shapes.EPOCH_SLOTS
    return JSONResponse(epoch_parameters(number, devnet.chain.blocks[0].hash))


async def genesis(request: Request) -> Response:
    return JSONResponse(
        {
            "active_slots_coefficient": 1,
            "update_quorum": 5,
            "max_lovelace_supply": shapes.MAX_SUPPLY,
            "network_magic": NETWORK_MAGIC,
            "epoch_length": shapes.EPOCH_SLOTS,
            "system_start": devnet_of(request).settings.genesis_time,
            "slots_per_kes_period": 129_600,
            "slot_length": 1,
            "max_kes_evolutions": 62,
            "security_param": 2160,
        }
    )


async def block(request: Request) -> Response:
    devnet = devnet_of(request)
    found = devnet.chain.block(request.path_params["name"])
    return _block(devnet, known(found))


async def latest_block(request: Request) -> Response:
    devnet = devnet_of(request)
    return _block(devnet, devnet.chain.tip)


async def address(request: Request) -> Response:
    text, found = address_of(request)
    script = payment_key_hash(text) is None
    return JSONResponse(shapes.address(text, found.unspent.values(), script=script))


async def address_utxos(request: Request) -> Response:
    text, found = address_of(request)
    chain = devnet_of(request).chain
    unit = request.path_params.get("asset")
    if unit is not None and unit != "lovelace":
        unit = asset_named(unit).unit
    held = [
        (ref, output)
        for ref, output in unspent_at(request, text, found).items()
        if unit in {None, "lovelace"} or unit in output.output.tokens
    ]
    held.sort(key=lambda entry: chain.age(entry[0]))
    return page(request, [shapes.address_utxo(chain, ref, output) for ref, output in held])


async def address_transactions(request: Request) -> Response:
    devnet = devnet_of(request)
    _, found = address_of(request)
    places = [devnet.chain.places[name] for name in found.transactions]
    entries = [shapes.address_transaction(place, devnet.settings.genesis_time) for place in places]
    return page(request, entries)


async def asset(request: Request) -> Response:
    found, mints = mints_of(request)
    return JSONResponse(shapes.asset(found, mints))


async def asset_history(request: Request) -> Response:
    _, mints = mints_of(request)
    return page(request, [shapes.asset_event(*event) for event in mints])


def _block(devnet: Devnet, found: Block) -> Response:
    return JSONResponse(shapes.block(devnet.chain, found, devnet.settings.genesis_time))


ROUTES = [
    Route("/", root),
    Route("/health", health),
    Route("/epochs/latest", epoch),
    Route("/epochs/latest/parameters", parameters),
    Route("/genesis", genesis),
    Route("/blocks/latest", latest_block),
    Route("/blocks/{name}", block),
    Route("/addresses/{address}", address),
    Route("/addresses/{address}/utxos", address_utxos),
    Route("/addresses/{address}/utxos/{asset}", address_utxos),
    Route("/addresses/{address}/transactions", address_transactions),
    Route("/assets/{asset}", asset),
    Route("/assets/{asset}/history", asset_history),
]
