"""What the reading endpoints share: finding what a path names, or 404, and paging."""

from collections.abc import Sequence
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from paywall.devnet.blockfrost.transactions import IndexedOutput, Ref, Script
from paywall.devnet.chain import AddressIndex, BlockPlace
from paywall.devnet.devnet import Devnet
from paywall.devnet.faucet import NETWORK
from shared.cardano.addresses import InvalidAddressError, check_address
from shared.cardano.assets import Asset, InvalidAssetError

MAX_COUNT = 100
Found = TypeVar("Found")


def devnet_of(request: Request) -> Devnet:
    """The devnet behind the app that serves the request."""
    devnet = request.app.state.devnet
    assert isinstance(devnet, Devnet)
    return devnet


def known(found: Found | None) -> Found:
    """`found`, or 404."""
    if found is None:
        raise HTTPException(404)
    return found


def place_of(request: Request) -> BlockPlace:
    """The confirmed transaction that the path names, unless it is hidden."""
    name = request.path_params["hash"]
    return known(None if name in hidden(request) else devnet_of(request).chain.places.get(name))


def hidden(request: Request) -> frozenset[str]:
    """The transactions that the answers are not to show."""
    found: frozenset[str] = request.app.state.hidden
    return found


def unspent_at(request: Request, address: str, found: AddressIndex) -> dict[Ref, IndexedOutput]:
    """What is unspent at the address but for what is hidden: its outputs are not there, its inputs still are."""
    chain = devnet_of(request).chain
    shown = {ref: output for ref, output in found.unspent.items() if ref[0] not in hidden(request)}
    for name in hidden(request) & chain.places.keys():
        for ref in chain.places[name].transaction.parsed.inputs:
            if chain.outputs[ref].output.address == address and ref[0] not in hidden(request):
                shown[ref] = chain.outputs[ref]
    return shown


def script_of(request: Request) -> Script:
    """The script that the path names, once a confirmed transaction showed it."""
    return known(devnet_of(request).chain.scripts.get(request.path_params["hash"]))


def address_of(request: Request) -> tuple[str, AddressIndex]:
    """The address that the path names: 400 when malformed or another network's, 404 when nobody used it."""
    text = request.path_params["address"]
    try:
        check_address(text, NETWORK)
    except InvalidAddressError:
        raise HTTPException(400, "Invalid address for this network or malformed address format.") from None
    found = devnet_of(request).chain.addresses.get(text)
    return text, known(found if found and (found.transactions or found.unspent) else None)


def asset_named(unit: str) -> Asset:
    """The asset of a unit, or 400."""
    try:
        return Asset.parse(unit)
    except InvalidAssetError:
        raise HTTPException(400, "Invalid or malformed asset format.") from None


def mints_of(request: Request) -> tuple[Asset, list[tuple[str, int]]]:
    """The asset that the path names, with its mints and burns."""
    asset = asset_named(request.path_params["asset"])
    return asset, known(devnet_of(request).chain.mints.get(asset.unit) or None)


def page(request: Request, entries: Sequence[object]) -> Response:
    """One page of a list, oldest first: `count` (at most 100), `page` (from 1), `order` (asc, desc)."""
    count = _number(request, "count", MAX_COUNT, MAX_COUNT)
    first = (_number(request, "page", 1, 2**31 - 1) - 1) * count
    order = request.query_params.get("order", "asc")
    if order not in {"asc", "desc"}:
        raise HTTPException(400, "querystring/order must be equal to one of the allowed values")
    ordered = entries if order == "asc" else entries[::-1]
    return JSONResponse(list(ordered[first : first + count]))


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()):
        raise HTTPException(400, f"querystring/{name} must be integer")
    if not 1 <= int(text) <= most:
        raise HTTPException(400, f"querystring/{name} must be >= 1 and <= {most}")
    return int(text)
