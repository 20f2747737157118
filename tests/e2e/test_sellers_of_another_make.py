"""`PaymentAuth` at sellers that are not ours: honest ones of x402's `exact` on Cardano, and those that lie."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from buyer.auth import PaymentAuth
from buyer.budget import Budget
from buyer.errors import BuyerError
from buyer.purchase import history
from buyer.wallet.file import Wallet
from shared.cardano.addresses import enterprise_address
from shared.cardano.read.transaction import parse
from shared.keys import SigningKey
from tests.support.hostile.serving import serving
from tests.support.processes.devnet import DevnetProcess
from tests.support.world.wallets.devnet_wallet import Wallet as Stranger

NETWORK = "cardano:devnet"
RECIPIENT = enterprise_address(SigningKey.from_seed(b"s" * 32).public, NETWORK)
FUNDS = 100_000_000
Answer = Callable[["Shop", str], Response]


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "scheme": "exact",
        "network": NETWORK,
        "amount": "1500000",
        "asset": "lovelace",
        "payTo": RECIPIENT,
        "maxTimeoutSeconds": 300,
        "extra": {},
    } | changes


def asking(*entries: dict[str, Any]) -> Response:
    said = {"x402Version": 2, "error": "pay", "resource": {"url": "https://x.example"}, "accepts": entries}
    header = base64.b64encode(json.dumps(said).encode()).decode()
    return Response(status_code=402, headers={"PAYMENT-REQUIRED": header})


class Shop:
    """Notes each payment that it is shown, and answers it as the test says."""

    def __init__(self, answer: Answer, asks: Callable[[], Response]) -> None:
        self.payments: list[str] = []
        self._answer = answer
        self._asks = asks
        self.app = Starlette(routes=[Route("/{rest:path}", self._serve, methods=["GET"])])

    async def _serve(self, request: Request) -> Response:
        shown = request.headers.get("payment-signature")
        if shown is None:
            return self._asks()
        self.payments.append(shown)
        return self._answer(self, shown)

    @property
    def transactions(self) -> set[str]:
        shown = [json.loads(base64.b64decode(one)) for one in self.payments]
        return {parse(base64.b64decode(one["payload"]["transaction"])).id for one in shown}


@pytest.fixture
def wallet(devnet: DevnetProcess, tmp_path: Path) -> Wallet:
    made = Wallet.create(tmp_path / "wallet.db")
    devnet.faucet(made.address, FUNDS)
    while b"tx_hash" not in devnet.ask(f"/addresses/{made.address}/utxos").content:
        time.sleep(0.05)  # it gives no event to await: a block comes by the clock
    return made


Get = Callable[..., Awaitable[httpx.Response]]


def calling(wallet: Wallet, devnet: DevnetProcess, url: str, *, follow: bool = False) -> httpx.Response:
    async def get() -> httpx.Response:
        environment = {"BUYER_CHAIN": devnet.url}
        auth = PaymentAuth(wallet, Budget("1.00 USD"), environment=environment, wait=2)
        async with httpx.AsyncClient(auth=auth, follow_redirects=follow, timeout=30) as http:
            return await http.get(url)

    return asyncio.run(get())


def refused(wallet: Wallet, devnet: DevnetProcess, shop: Shop, *, follow: bool = False) -> str:
    with serving(shop.app) as url, pytest.raises(BuyerError) as caught:
        calling(wallet, devnet, f"{url}/report", follow=follow)
    return caught.value.code


def nothing_paid(shop: Shop, answer: str) -> Response:
    raise AssertionError("nothing is to be shown")


def test_a_stranger_is_paid_with_an_input_named_and_no_metadata(
    wallet: Wallet, devnet: DevnetProcess
) -> None:
    shop = Shop(lambda _shop, _shown: Response(b"a report"), lambda: asking(entry()))
    with serving(shop.app) as url:
        response = calling(wallet, devnet, f"{url}/report")
    (shown,) = shop.payments
    said = json.loads(base64.b64decode(shown))
    paid = parse(base64.b64decode(said["payload"]["transaction"]))
    assert (response.status_code, response.content) == (200, b"a report")
    assert (said["accepted"], dict(paid.metadata)) == (entry(), {})
    assert (paid.outputs[0].address, paid.outputs[0].lovelace) == (RECIPIENT, 1_500_000)
    assert said["payload"]["nonce"] in {f"{tx_hash}#{index}" for tx_hash, index in paid.inputs}


OFFERS = {
    "a network nobody knows": (lambda: asking(entry(network="solana:main")), "no_payable_offer"),
    "an asset nobody knows": (lambda: asking(entry(asset="ab" * 28 + ".55534443")), "no_payable_offer"),
    "a recipient of another network": (lambda: asking(entry(payTo="addr1nonsense")), "recipient_invalid"),
    "over the budget": (lambda: asking(entry(amount="3000000")), "over_budget"),
    "expired": (lambda: asking(entry(maxTimeoutSeconds=0)), "no_payable_offer"),
    "an amount that is none": (lambda: asking(entry(amount="-1")), "no_payable_offer"),
    "junk in the header": (
        lambda: Response(status_code=402, headers={"PAYMENT-REQUIRED": "}{" * 99}),
        "no_payable_offer",
    ),
    "nothing at all": (lambda: Response(status_code=402), "no_payable_offer"),
    "fifty megabytes": (lambda: Response(bytes(50_000_000), status_code=402), "answer_too_large"),
}


@pytest.mark.parametrize(("asks", "code"), OFFERS.values(), ids=OFFERS.keys())
def test_what_may_not_be_paid_is_refused_and_nothing_is_stored(
    wallet: Wallet, devnet: DevnetProcess, asks: Callable[[], Response], code: str
) -> None:
    assert refused(wallet, devnet, Shop(nothing_paid, asks)) == code
    assert wallet.transact(history.read) == []


ANSWERS: dict[str, tuple[Answer, str]] = {
    "the same 402 again": (lambda _shop, _shown: asking(entry()), "payment_refused"),
    "a higher price": (lambda _shop, _shown: asking(entry(amount="1900000")), "payment_refused"),
    "another recipient": (
        lambda _shop, _shown: asking(entry(payTo=enterprise_address(Stranger(seed=9).key.public, NETWORK))),
        "payment_refused",
    ),
    "a redirect": (
        lambda _shop, _shown: Response(status_code=307, headers={"Location": "/elsewhere"}),
        "redirected",
    ),
    "its own failure, for ever": (lambda _shop, _shown: Response(status_code=503), "payment_pending"),
    "fifty megabytes": (
        lambda _shop, _shown: Response(bytes(50_000_000), status_code=402),
        "answer_too_large",
    ),
}


@pytest.mark.parametrize(("answer", "code"), ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("follow", [False, True], ids=["stays", "follows redirects"])
def test_whatever_is_answered_to_a_payment_no_second_one_is_made(
    wallet: Wallet, devnet: DevnetProcess, answer: Answer, code: str, follow: bool
) -> None:
    shop = Shop(answer, lambda: asking(entry()))
    with serving(shop.app) as url:
        for _ in range(2):  # the same call again, as in the next process
            with pytest.raises(BuyerError) as caught:
                calling(wallet, devnet, f"{url}/report", follow=follow)
            assert caught.value.code == code
    assert len(shop.transactions) == 1
    assert [(past.state, past.counted) for past in wallet.transact(history.read)] == [("signed", True)]


def test_a_payment_request_is_paid_once_whichever_call_it_is_given_for(
    wallet: Wallet, devnet: DevnetProcess
) -> None:
    named = {"paymentRequest": "one-request.signature"}
    shop = Shop(lambda _shop, _shown: Response(b"done"), lambda: asking(entry(extra=named)))
    with serving(shop.app) as url:
        calling(wallet, devnet, f"{url}/first")
        with pytest.raises(BuyerError) as caught:
            calling(wallet, devnet, f"{url}/second")
    assert (caught.value.code, len(shop.payments)) == ("request_repeated", 1)
