"""PaymentAuth at sellers that want to be paid twice, or more, or elsewhere."""

from contextlib import closing
from typing import Any

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from buyer import Budget, PaymentAuth, Wallet
from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault, StillPending, WalletError
from buyer.purchase import store as purchase_store
from shared.cardano.addresses import enterprise_address
from shared.keys import SigningKey
from tests.buyers.calls.conftest import PayingAgent
from tests.buyers.calls.sellers import ScriptedSeller, broken_off, delivered, endless, mpp, x402
from tests.support.processes.devnet import DevnetProcess

PAY_TO = enterprise_address(SigningKey.from_seed(bytes([9]) * 32).public, "cardano:devnet")
DEARER = x402(PAY_TO, amount="9000000")


@pytest.mark.parametrize("asked", [x402(PAY_TO), mpp(PAY_TO)], ids=["x402", "mpp"])
def test_a_seller_of_another_make_is_paid_once_and_delivers(agent: PayingAgent, asked: Response) -> None:
    with ScriptedSeller(asked, delivered()).open() as seller:
        assert agent.get(seller).text == "here it is"
    assert (len(seller.shown), len(seller.payments)) == (2, 1)
    assert agent.states() == ["paid"]


@pytest.mark.parametrize("again", [x402(PAY_TO), DEARER, mpp(PAY_TO)], ids=["same", "dearer", "mpp"])
def test_a_402_in_answer_to_a_payment_is_never_paid_and_the_same_payment_is_shown_ever_after(
    agent: PayingAgent, again: Response
) -> None:
    with ScriptedSeller(x402(PAY_TO), again).open() as seller:
        for _ in range(3):
            with pytest.raises(PaymentRefused) as refused:
                agent.get(seller)
            assert refused.value.code == "payment_refused"
    assert len(seller.payments) == 1
    assert agent.states() == ["signed"]


def test_one_offer_is_not_paid_twice(agent: PayingAgent) -> None:
    with ScriptedSeller(mpp(PAY_TO), delivered(), mpp(PAY_TO)).open() as seller:
        agent.get(seller)
        with pytest.raises(SellerFault) as fault:
            agent.get(seller)
    assert fault.value.code == "request_repeated"
    assert len(seller.payments) == 1


@pytest.mark.parametrize("follow", [False, True])
def test_no_payment_follows_a_redirect(agent: PayingAgent, follow: bool) -> None:
    with ScriptedSeller(delivered()).open() as thief:
        away = Response(status_code=307, headers={"Location": f"{thief.url}/mine"})
        with ScriptedSeller(x402(PAY_TO), away).open() as seller, pytest.raises(SellerFault) as fault:
            agent.get(seller, follow_redirects=follow)
    assert fault.value.code == "redirected"
    assert (len(seller.payments), thief.shown) == (1, [])
    assert agent.states() == ["signed"]


def test_a_402_of_the_place_that_one_was_redirected_to_is_not_paid(agent: PayingAgent) -> None:
    with ScriptedSeller(x402(PAY_TO)).open() as other:
        away = Response(status_code=307, headers={"Location": f"{other.url}/mine"})
        with ScriptedSeller(away).open() as seller, pytest.raises(BuyerError):
            agent.get(seller, follow_redirects=True)
    assert not seller.payments | other.payments
    assert agent.states() == []


def test_a_lost_answer_is_asked_for_again_with_the_same_payment_by_the_next_process(
    agent: PayingAgent, devnet: DevnetProcess
) -> None:
    with ScriptedSeller(x402(PAY_TO), broken_off, broken_off, delivered()).open() as seller:
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                agent.get(seller)
            assert agent.states() == ["signed"]
        agent.wallet.close()
        with closing(Wallet.open(agent.wallet.path)) as reopened:
            assert PayingAgent(devnet, reopened).get(seller).text == "here it is"
    assert len(seller.payments) == 1
    assert seller.shown.count("") == 1
    assert agent.states() == ["paid"]


@pytest.mark.parametrize("status", [408, 500, 502, 503, 429])
def test_who_says_not_yet_is_asked_again_with_the_same_payment(agent: PayingAgent, status: int) -> None:
    later = Response(status_code=status, headers={"Retry-After": "0"})
    with ScriptedSeller(x402(PAY_TO), later, later, delivered()).open() as seller:
        assert agent.get(seller).status_code == 200
    assert (len(seller.shown), len(seller.payments)) == (4, 1)
    with ScriptedSeller(x402(PAY_TO), later).open() as seller, pytest.raises(StillPending):
        agent.get(seller)
    assert len(seller.payments) == 1


def test_an_answer_without_end_is_given_up_before_and_behind_the_payment(agent: PayingAgent) -> None:
    def flood(status: int, headers: Any) -> Response:
        return StreamingResponse(endless(), status_code=status, headers=dict(headers))

    asked = x402(PAY_TO).headers.items()
    headers = [(name, value) for name, value in asked if name == "payment-required"]
    odd = [*headers, ("content-encoding", "gzip")]
    with ScriptedSeller(lambda: flood(402, headers), x402(PAY_TO)).open() as seller:
        with pytest.raises(SellerFault) as fault:
            agent.get(seller)
        assert (fault.value.code, agent.states()) == ("answer_too_large", [])
    with ScriptedSeller(lambda: flood(402, odd), lambda: flood(503, {}), delivered()).open() as seller:
        with pytest.raises(SellerFault):
            agent.get(seller)
        assert agent.get(seller).text == "here it is"
    assert len(seller.payments) == 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Response(status_code=402), "no_payable_offer"),
        (Response(status_code=402, headers={"PAYMENT-REQUIRED": "%" * 9000}), "no_payable_offer"),
        (Response(status_code=402, headers={"WWW-Authenticate": 'Payment id="'}), "no_payable_offer"),
        (x402(PAY_TO, network="eip155:8453"), "no_payable_offer"),
        (x402(PAY_TO, asset="ab" * 28 + ".00"), "no_payable_offer"),
        (x402(PAY_TO, amount="-1"), "no_payable_offer"),
        (x402(PAY_TO, maxTimeoutSeconds=1), "no_payable_offer"),
        (mpp(PAY_TO, expires="2001-01-01T00:00:00Z"), "no_payable_offer"),
        (x402("addr_test1nobody"), "recipient_invalid"),
        (x402(PAY_TO, amount="9" * 18), "over_budget"),
        (DEARER, "over_budget"),
        (x402(PAY_TO, amount="1"), "payment_impossible"),
    ],
)
def test_what_cannot_or_may_not_be_paid_is_not_signed(agent: PayingAgent, asked: Response, code: str) -> None:
    with ScriptedSeller(asked).open() as seller, pytest.raises(BuyerError) as refused:
        agent.get(seller, "4.00 USD")
    assert refused.value.code == code
    assert (seller.payments, agent.states()) == (set(), [])


def test_the_total_of_a_budget_holds_over_all_calls(agent: PayingAgent) -> None:
    budget = Budget("1.50 USD", total="1.50 USD")
    auth = PaymentAuth(agent.wallet, budget, wait=1.0, environment=agent.environment)
    with (
        ScriptedSeller(x402(PAY_TO), delivered(), x402(PAY_TO)).open() as seller,
        httpx.Client(auth=auth) as http,
    ):
        assert http.get(seller.url).status_code == 200
        with pytest.raises(OverBudget):
            http.get(seller.url)
    assert len(seller.payments) == 1
    assert agent.states() == ["paid"]


def test_what_a_caller_authorises_himself_by_is_not_taken_for_a_payment(agent: PayingAgent) -> None:
    with (
        ScriptedSeller(mpp(PAY_TO)).open() as seller,
        httpx.Client(auth=agent.auth()) as http,
        pytest.raises(PaymentRefused),
    ):
        http.get(seller.url, headers={"Authorization": "Bearer own"})
    assert seller.shown == ["Bearer own"]


def test_a_call_that_costs_nothing_leaves_nothing_in_the_wallet(agent: PayingAgent) -> None:
    with ScriptedSeller(Response("free"), Response(status_code=404)).open() as seller:
        assert [agent.get(seller).status_code for _ in range(2)] == [200, 404]
    assert (seller.payments, agent.states()) == (set(), [])


def test_a_payment_that_was_given_up_makes_room_for_another_and_never_for_itself(
    agent: PayingAgent, devnet: DevnetProcess
) -> None:
    with ScriptedSeller(x402(PAY_TO), x402(PAY_TO)).open() as seller:
        with pytest.raises(PaymentRefused):
            agent.get(seller)
        (stuck,) = agent.wallet.transact(purchase_store.unfinished)
        agent.wallet.transact(lambda db: purchase_store.release(db, stuck))
        with pytest.raises(WalletError) as repeated:
            agent.get(seller)
        assert repeated.value.code == "payment_repeated"
        devnet.blocks(skip_slots=5)
        with pytest.raises(PaymentRefused):
            agent.get(seller)
    assert len(seller.payments) == 2
