"""PaymentAuth at sellers whose 402 is a payment request of ACK Lab: paid from the account there, told to once."""

import asyncio
import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from buyer import Wallet
from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault, StillPending
from buyer.purchase import allowance
from buyer.purchase import store as purchase_store
from shared.acklab import AckLabClient
from shared.chain.acklab_calls import AckLabCalls
from shared.keys import SigningKey
from shared.money import Money
from shared.tokens import receipt
from tests.buyers.calls.conftest import PayingAgent
from tests.support.acklab import lab_papers
from tests.support.acklab.ack_lab import AckLab
from tests.support.acklab.acklab_buyer import variables_of
from tests.support.hostile.serving import serving
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import clean_environment
from tests.support.services.npm_tools import REPOSITORY

pytestmark = pytest.mark.usefixtures("hurry")
CENTS = 50


class LabSeller:
    """The seed's seller: its 402 is the token that ACK Lab made, and receipts of ACK Lab are what it takes."""

    def __init__(self, lab: AckLab) -> None:
        self.lab = lab
        self.url = ""
        self.ids: list[str] = []
        self.shown: list[str] = []
        self.changes: dict[str, Any] = {}

    async def answer(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            found = receipt.verify(
                token, {self.lab.issuer_did: [self.lab.issuer.public]}, now=int(time.time())
            )
            self.shown.append(found.payment_request_token)
            return PlainTextResponse("a president")
        self.ids.append(str(self.changes.get("id", uuid.uuid4())))
        agent = self.lab.seller
        calls = AckLabCalls(
            self.lab.url, AckLabClient.from_secret(agent.client_id, agent.secret), agent.id, 10
        )
        try:
            made, _ = await calls.create_payment_request(self.ids[-1], CENTS, "credits")
        finally:
            await calls.aclose()
        return PlainTextResponse(made, 402)


@pytest.fixture
def lab() -> Iterator[AckLab]:
    with AckLab() as opened:
        yield opened
        opened.go_on()


@pytest.fixture
def seller(lab: AckLab) -> Iterator[LabSeller]:
    made = LabSeller(lab)
    routes = [Route("/{path:path}", made.answer, methods=["GET", "POST"])]
    with serving(Starlette(routes=routes)) as made.url:
        yield made


@pytest.fixture
def wallet(tmp_path: Path) -> Iterator[Wallet]:
    """Without any money of its own."""
    with closing(Wallet.create(tmp_path / "wallet.db")) as empty:
        yield empty


@pytest.fixture
def agent(devnet: DevnetProcess, wallet: Wallet, lab: AckLab) -> PayingAgent:
    made = PayingAgent(devnet, wallet)
    made.environment.update(variables_of(lab))
    return made


def spent(agent: PayingAgent) -> int:
    return agent.wallet.transact(lambda db: allowance.spent(db, like=Money(0, "USD", 2))).amount


def test_the_account_pays_and_its_receipt_goes_with_the_call(
    agent: PayingAgent, lab: AckLab, seller: LabSeller
) -> None:
    assert agent.get(seller).text == "a president"
    assert lab.payments == [(seller.ids[0], lab.buyer.did)]
    assert (len(seller.shown), len(seller.ids)) == (1, 1)
    assert (agent.states(), spent(agent), lab.seller.cents) == (["paid"], CENTS, CENTS)


def test_the_budget_holds_for_the_account_too(agent: PayingAgent, lab: AckLab, seller: LabSeller) -> None:
    with pytest.raises(OverBudget):
        agent.get(seller, "0.49 USD")
    assert (lab.payments, agent.states()) == ([], [])


@pytest.mark.parametrize("fault", ["lost", "broken", "junk"])
def test_a_payment_whose_answer_was_lost_is_unknown_and_never_made_again(
    agent: PayingAgent, lab: AckLab, seller: LabSeller, fault: Any
) -> None:
    lab.fault, lab.faulty = fault, "payments"
    for _ in range(3):
        with pytest.raises(StillPending) as unknown:
            agent.get(seller)
        assert unknown.value.code == "payment_unknown"
        lab.fault = ""
    assert len(lab.payments) == (1 if fault == "lost" else 0)
    assert (agent.states(), spent(agent), len(seller.ids)) == (["signed"], CENTS, 1)
    (stuck,) = agent.wallet.transact(purchase_store.unfinished)
    agent.wallet.transact(lambda db: purchase_store.release(db, stuck))
    assert agent.get(seller).text == "a president"
    assert spent(agent) == 2 * CENTS


def test_what_the_service_refuses_is_not_spent(agent: PayingAgent, lab: AckLab, seller: LabSeller) -> None:
    lab.fault, lab.faulty = "refused", "payments"
    with pytest.raises(PaymentRefused) as refused:
        agent.get(seller)
    assert (refused.value.code, agent.states(), spent(agent)) == ("acklab_refused", ["abandoned"], 0)
    lab.fault = ""
    assert agent.get(seller).text == "a president"
    assert (len(lab.payments), spent(agent)) == (1, CENTS)


def test_a_service_that_is_not_there_is_told_when_it_is_back_to_pay_the_same_request(
    agent: PayingAgent, lab: AckLab, seller: LabSeller
) -> None:
    async def then_gone(request: Request) -> Response:
        asked = await seller.answer(request)
        if asked.status_code == 402:
            await asyncio.to_thread(lab.stop)
        return asked

    with serving(Starlette(routes=[Route("/thing", then_gone)])) as url:
        with pytest.raises(BuyerError) as away:
            agent.ask("GET", f"{url}/thing")
        assert (away.value.code, agent.states()) == ("acklab_unreachable", ["signed"])
        lab.start_again()
        assert agent.ask("GET", f"{url}/thing").text == "a president"
    assert (len(lab.payments), len(seller.ids)) == (1, 1)


def test_the_same_call_from_many_threads_at_once_never_pays_twice_for_one_answer(
    agent: PayingAgent, lab: AckLab, seller: LabSeller
) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(agent.get(seller).text)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {"a president"}
    assert len(lab.payments) == len(set(seller.shown))
    assert lab.buyer.cents == 100_00 - CENTS * len(lab.payments)


def test_one_payment_request_at_two_sellers_is_paid_once(
    agent: PayingAgent, lab: AckLab, seller: LabSeller
) -> None:
    seller.changes = {"id": "the-same"}
    agent.get(seller)
    other = LabSeller(lab)
    other.changes = seller.changes
    with (
        serving(Starlette(routes=[Route("/thing", other.answer)])) as url,
        pytest.raises(SellerFault) as fault,
    ):
        agent.ask("GET", f"{url}/thing")
    assert (fault.value.code, len(lab.payments)) == ("request_repeated", 1)


@pytest.mark.parametrize(
    "spoiled",
    [
        {
            "paymentOptions": [
                lab_papers.option(CENTS, "did:key:z6MkOther", paymentService="https://x.example")
            ]
        },
        {"iss": SigningKey.generate().public.did},
        {"exp": 1},
    ],
)
def test_what_its_payment_request_must_not_say_is_not_paid(
    agent: PayingAgent, lab: AckLab, seller: LabSeller, spoiled: dict[str, Any]
) -> None:
    lab.spoiled = spoiled
    with pytest.raises(BuyerError):
        agent.get(seller)
    assert (lab.payments, agent.states(), spent(agent)) == ([], [], 0)


def test_a_receipt_of_another_issuer_than_the_option_names_is_not_shown(
    agent: PayingAgent, lab: AckLab, seller: LabSeller
) -> None:
    lab.issuer_did = SigningKey.generate().public.did
    for _ in range(2):
        with pytest.raises(SellerFault) as fault:
            agent.get(seller)
        assert fault.value.code == "receipt_invalid"
    assert (len(lab.payments), seller.shown, agent.states()) == (1, [], ["signed"])


def test_a_buyer_that_is_killed_while_it_pays_never_pays_again_and_says_so(
    agent: PayingAgent, lab: AckLab, seller: LabSeller
) -> None:
    lab.fault, lab.faulty = "late", "payments"
    environment = clean_environment(BUYER_WALLET=str(agent.wallet.path), **agent.environment)
    command = [sys.executable, "-m", "buyer", "pay", f"{seller.url}/thing", "--max-price", "2", "--json"]
    with subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert lab.paid.wait(60)
        process.kill()
    lab.go_on()
    for _ in range(2):
        done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, check=False)
        assert json.loads(done.stdout)["error"]["code"] == "payment_unknown", done
    assert (len(lab.payments), agent.states(), spent(agent)) == (1, ["signed"], CENTS)
