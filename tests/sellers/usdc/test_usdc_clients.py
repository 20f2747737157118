"""Unmodified clients of others buy for USDC: PyPI `x402` by its scheme `exact`, PyPI `pympp` by its method `evm`."""

import httpx
from mpp import Receipt
from mpp.client.transport import PaymentTransport
from mpp.methods.evm import client as evm
from mpp.methods.evm.assets import BASE_SEPOLIA_USDC

from tests.sellers.dialects.x402_client import decoded
from tests.support.evm.evm_node import NETWORK
from tests.support.evm.usdc_scene import PRICE, UsdcScene
from tests.support.world.openapi_document import Described

BUY, USE, LINCOLN = "/api/images/buy", "/api/images/generate", {"name": "Abraham Lincoln"}


def test_pypi_x402_buys_credits_and_pays_for_a_use_where_it_asks(scene: UsdcScene) -> None:
    before = scene.paid

    async def buy_and_use() -> tuple[httpx.Response, httpx.Response]:
        async with scene.x402_http() as http:
            return await http.post(BUY, json={"credits": 1}), await http.post(USE, json=LINCOLN)

    bought, used = scene.run(buy_and_use())
    told = decoded(bought.headers["payment-response"])
    assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 1)
    assert (told["success"], told["network"]) == (True, NETWORK)
    assert told["payer"] == scene.payer.address.lower()
    call = {"id": 1, "method": "eth_getTransactionReceipt", "params": [told["transaction"]]}
    assert scene.node.answer(call)["result"]["status"] == "0x1"
    assert (used.status_code, used.headers["content-type"]) == (200, "image/png")
    assert scene.paid - before == 2 * PRICE


def test_pypi_pympp_buys_credits_by_its_method_evm(scene: UsdcScene) -> None:
    before = scene.paid
    method = evm.charge(currency=BASE_SEPOLIA_USDC, account=scene.payer, max_amount="5.00")

    async def buy() -> httpx.Response:
        async with scene.http(PaymentTransport([method], scene.app)) as http:
            return await http.post(BUY, json={"credits": 2})

    bought = scene.run(buy())
    receipt = Receipt.from_payment_receipt(bought.headers["payment-receipt"])
    assert (bought.status_code, bought.json()["credits"]["available"]) == (200, 2)
    assert (receipt.status, receipt.method) == ("success", "evm")
    assert len(receipt.reference) == len("0x") + 64
    assert scene.paid - before == 2 * PRICE


def test_what_is_asked_and_answered_fits_the_document(scene: UsdcScene) -> None:
    async def walk() -> None:
        async with scene.http() as http:
            described = Described((await http.get("/openapi.json")).json())
            for headers in ({}, {"Accept": "application/json"}):
                described.check(await http.post(BUY, json={"credits": 1}, headers=headers))
                described.check(await http.post(USE, json=LINCOLN, headers=headers))
        async with scene.x402_http() as http:
            described.check(await http.post(BUY, json={"credits": 1}))
            described.check(await http.post(USE, json=LINCOLN))

    scene.run(walk())
