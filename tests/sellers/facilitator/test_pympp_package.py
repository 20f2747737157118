"""PyPI `pympp`, unmodified on both sides, pays and charges by our method `cardano`, in ADA and in a token."""

import asyncio
import base64
from typing import Any

import httpx
from mpp import Challenge, Credential, Receipt
from mpp.client.transport import PaymentTransport
from mpp.server import Mpp  # type: ignore[attr-defined]  # by a lazy export
from mpp.server.decorator import pay
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from buyer.schemes.payment_maker import PaymentMaker
from buyer.schemes.pympp_payer import cardano_payer
from paywall.facilitator.cardano_facilitator import CardanoFacilitator
from paywall.schemes.pympp_charger import CardanoPaymentPending, cardano_charger
from tests.sellers.facilitator.payments import NETWORK, Paying, told
from tests.sellers.facilitator.test_x402_package import NAME, held
from tests.support.processes.devnet import DevnetProcess

PATH = "/weather"


def shop(facilitator: CardanoFacilitator, paying: Paying, amount: str, **charging: Any) -> Starlette:
    """Somebody's app."""
    engine = Mpp(cardano_charger(facilitator, paying.seller, **charging), realm="shop", secret_key="s" * 32)

    async def weather(_request: Request, credential: Any, receipt: Any) -> Response:
        return JSONResponse({"weather": "rain", "payer": receipt.payer})

    return Starlette(
        routes=[Route(PATH, pay(engine["charge"](amount=amount))(weather))],
        exception_handlers={CardanoPaymentPending: pending},
    )


async def pending(_request: Request, error: Exception) -> Response:
    """As docs/x402-cardano.md shows it: the package leaves it to the app."""
    assert isinstance(error, CardanoPaymentPending)
    return JSONResponse(error.to_problem_details(), error.status)


class Kept(httpx.AsyncBaseTransport):
    """Keeps the credentials that the package sends."""

    def __init__(self, app: Starlette) -> None:
        self._inner = httpx.ASGITransport(app)
        self.sent: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "authorization" in request.headers:
            self.sent.append(request.headers["authorization"])
        return await self._inner.handle_async_request(request)


async def bought(paying: Paying, kept: Kept, **most: int) -> httpx.Response:
    maker = PaymentMaker(paying.wallet.key, NETWORK, paying.devnet.url)
    transport = PaymentTransport([cardano_payer(maker, most)], kept)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop", timeout=60) as http:
        calling = asyncio.create_task(http.get(PATH))
        await paying.waits()
        paying.devnet.blocks(2)
        return await calling


async def again(kept: Kept) -> httpx.Response:
    """The same credential by a client that knows nothing of payments."""
    async with httpx.AsyncClient(transport=kept, base_url="http://shop") as http:
        return await http.get(PATH, headers={"Authorization": kept.sent[0]})


def test_the_packages_client_pays_the_packages_server_once_in_ada(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        kept = Kept(shop(paying.again(patience=60), paying, "2000000", confirmations=2))
        answer = await bought(paying, kept, lovelace=2_000_000)
        assert (answer.status_code, answer.json()["payer"]) == (200, paying.wallet.address)
        receipt = Receipt.from_payment_receipt(answer.headers["payment-receipt"])
        assert (receipt.method, len(receipt.external_id or "")) == ("cardano", 64)
        assert held(devnet, paying.seller) == {"lovelace": 2_000_000}
        refused = await again(kept)
        assert (refused.status_code, "www-authenticate" in refused.headers) == (403, False)

    told(devnet, story)


def test_a_token_is_paid_and_charged_too(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        devnet.submit(paying.wallet.sign(paying.wallet.mint(paying.coin, NAME, 100), script=True))
        devnet.blocks()
        asset = f"{paying.wallet.policy.hex()}.{NAME.hex()}"
        kept = Kept(shop(paying.again(patience=60), paying, "7", currency=asset))
        assert (await bought(paying, kept, **{asset: 7})).status_code == 200
        assert held(devnet, paying.seller)[paying.wallet.unit(NAME)] == 7

    told(devnet, story)


def test_a_payment_that_is_not_final_is_no_402_and_the_same_credential_goes_on(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        kept = Kept(shop(paying.facilitator, paying, "2000000", confirmations=4))
        waiting = await bought(paying, kept, lovelace=2_000_000)
        assert (waiting.status_code, "www-authenticate" in waiting.headers) == (409, False)
        assert len(waiting.json()["details"]["transaction"]) == 64
        devnet.blocks(4)
        assert (await again(kept)).status_code == 200

    told(devnet, story)


def test_nothing_is_paid_beyond_the_limit(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        kept = Kept(shop(paying.facilitator, paying, "2000001"))
        maker = PaymentMaker(paying.wallet.key, NETWORK, devnet.url)
        transport = PaymentTransport([cardano_payer(maker, {"lovelace": 2_000_000})], kept)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as http:
            answer = await http.get(PATH)
        assert (answer.status_code, kept.sent) == (402, [])

    told(devnet, story)


def test_a_payment_of_another_challenge_is_refused(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        app = shop(paying.facilitator, paying, "2000000")
        raw = paying.raw()  # names nothing
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as http:
            challenge = Challenge.from_www_authenticate((await http.get(PATH)).headers["www-authenticate"])
            payload = {"type": "transaction", "transaction": base64.b64encode(raw).decode()}
            credential = Credential(challenge=challenge.to_echo(), payload=payload)
            answer = await http.get(PATH, headers={"Authorization": credential.to_authorization()})
        assert (answer.status_code, devnet.mempool()) == (402, [])
        assert "its metadata name another payment request" in answer.json()["detail"]

    told(devnet, story)
