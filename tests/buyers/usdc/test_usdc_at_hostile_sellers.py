"""PaymentAuth with an account on EVM, at sellers of another make: what is paid, and what becomes of the rest."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from buyer.errors import BuyerError, OverBudget, PaymentRefused, SellerFault
from tests.buyers.calls.sellers import ScriptedSeller, delivered, usdc, usdc_mpp, usdc_v1
from tests.buyers.calls.sellers import x402 as ada
from tests.buyers.usdc.conftest import UsdcAgent
from tests.support.evm.authorizing import use
from tests.support.evm.usdc_scene import PAYEE, UsdcScene, open_usdc_scene

OTHER = "0x" + "ab" * 20
DAI = "0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb"


class Clock:
    """Which goes on as a test says."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return int(time.time()) + self.ahead


def shown(payment: str) -> dict[str, Any]:
    """What a header says, in either dialect."""
    word = payment.rpartition(" ")[2]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    return said


def asked(scene: UsdcScene, agent: UsdcAgent, seller: ScriptedSeller, **settings: Any) -> str:
    return scene.run(agent.ask(f"{seller.url}/thing", **settings)).text


@pytest.mark.parametrize("offer", [usdc(PAYEE), usdc_mpp(PAYEE)], ids=["x402", "mpp"])
def test_an_authorization_is_of_the_price_and_ends_with_the_offer(
    scene: UsdcScene, agent: UsdcAgent, offer: Response
) -> None:
    with ScriptedSeller(offer, delivered()).open() as seller:
        assert asked(scene, agent, seller) == "here it is"
    (payment,) = seller.payments
    payload = shown(payment)["payload"]
    signed = payload.get("authorization", payload)
    assert (signed["from"], signed["to"], signed["value"]) == (scene.payer.address, PAYEE, "1000000")
    assert int(signed["validBefore"]) - time.time() <= 3600
    assert agent.states() == ["paid"]


def test_version_1_of_x402_is_answered_in_its_own_header(scene: UsdcScene, agent: UsdcAgent) -> None:
    heads = []

    class Old(ScriptedSeller):
        async def answer(self, request: Any) -> Response:
            heads.append(request.headers.get("x-payment"))
            return await super().answer(request)

    with Old(usdc_v1(PAYEE), Response("here it is")).open() as seller:
        assert asked(scene, agent, seller) == "here it is"
    said = shown(heads[1])
    assert (said["x402Version"], said["network"]) == (1, "base-sepolia")


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        (usdc(PAYEE, asset=DAI), "no_payable_offer"),
        (usdc(PAYEE, asset=DAI, extra={"name": "USDC", "version": "2"}), "no_payable_offer"),
        (usdc(PAYEE, network="eip155:1"), "no_payable_offer"),
        (usdc(PAYEE, network="eip155:8453"), "no_payable_offer"),
        (usdc(PAYEE, network="base"), "no_payable_offer"),
        (usdc(PAYEE, scheme="upto"), "no_payable_offer"),
        (usdc(PAYEE, extra={"assetTransferMethod": "permit2"}), "no_payable_offer"),
        (usdc(PAYEE, maxTimeoutSeconds=1), "no_payable_offer"),
        (usdc(PAYEE, maxTimeoutSeconds="300"), "no_payable_offer"),
        (usdc(PAYEE, amount="1.0"), "no_payable_offer"),
        (usdc(PAYEE, amount="0"), "no_payable_offer"),
        (usdc_mpp(PAYEE, chainId="84532"), "no_payable_offer"),
        (usdc_mpp(PAYEE, credentialTypes=["hash"]), "no_payable_offer"),
        (usdc("0x" + "0" * 40), "recipient_invalid"),
        (usdc("vitalik.eth"), "recipient_invalid"),
        (usdc(PAYEE, amount="2000001"), "over_budget"),
        (usdc(PAYEE, amount="9" * 19), "over_budget"),
    ],
)
def test_what_cannot_or_may_not_be_paid_in_usdc_is_not_signed(
    scene: UsdcScene, agent: UsdcAgent, offer: Response, code: str
) -> None:
    with ScriptedSeller(offer).open() as seller, pytest.raises(BuyerError) as refused:
        asked(scene, agent, seller)
    assert refused.value.code == code
    assert (seller.payments, agent.states()) == (set(), [])


def test_an_account_does_not_pay_itself(scene: UsdcScene, agent: UsdcAgent) -> None:
    own = scene.payer.address
    with ScriptedSeller(usdc(own.lower())).open() as seller, pytest.raises(SellerFault) as fault:
        asked(scene, agent, seller)
    assert (fault.value.code, seller.payments) == ("recipient_invalid", set())


def test_ten_years_of_an_offer_are_an_hour_of_its_authorization(scene: UsdcScene, agent: UsdcAgent) -> None:
    with ScriptedSeller(usdc(PAYEE, maxTimeoutSeconds=315_360_000), delivered()).open() as seller:
        asked(scene, agent, seller)
    (payment,) = seller.payments
    assert int(shown(payment)["payload"]["authorization"]["validBefore"]) <= time.time() + 3600


def test_less_than_a_cent_counts_as_a_cent_of_the_budget(scene: UsdcScene, agent: UsdcAgent) -> None:
    with ScriptedSeller(usdc(PAYEE, amount="1"), delivered()).open() as seller:
        asked(scene, agent, seller, price="0.01 USD")
    assert shown(*seller.payments)["payload"]["authorization"]["value"] == "1"
    assert spent(agent) == [(1, 0)]
    with ScriptedSeller(usdc(PAYEE, amount="10001")).open() as seller, pytest.raises(OverBudget):
        asked(scene, agent, seller, price="0.01 USD")


@pytest.mark.parametrize("dearer", [usdc(PAYEE, amount="1500000"), usdc(OTHER), usdc_mpp(PAYEE)])
def test_a_402_in_answer_to_usdc_is_never_paid(scene: UsdcScene, agent: UsdcAgent, dearer: Response) -> None:
    with ScriptedSeller(usdc(PAYEE), dearer).open() as seller:
        for _ in range(3):
            with pytest.raises(PaymentRefused) as refused:
                asked(scene, agent, seller)
            assert refused.value.code == "payment_refused"
    assert (len(seller.payments), agent.states()) == (1, ["signed"])


def test_no_authorization_follows_a_redirect(scene: UsdcScene, agent: UsdcAgent) -> None:
    with ScriptedSeller(delivered()).open() as thief:
        away = Response(status_code=307, headers={"Location": f"{thief.url}/mine"})
        with ScriptedSeller(usdc(PAYEE), away).open() as seller, pytest.raises(SellerFault) as fault:
            asked(scene, agent, seller)
    assert (fault.value.code, thief.shown) == ("redirected", [])
    assert agent.states() == ["signed"]


def test_a_seller_who_takes_it_and_asks_again_is_told_so(scene: UsdcScene, agent: UsdcAgent) -> None:
    """He settles what he was shown, and answers the second time as if he had not."""
    with ScriptedSeller(usdc(PAYEE), usdc(PAYEE)).open() as seller:
        with pytest.raises(PaymentRefused):
            asked(scene, agent, seller)
        use(scene.node, shown(*seller.payments)["payload"])
        with pytest.raises(SellerFault) as fault:
            asked(scene, agent, seller)
    assert fault.value.code == "paid_without_answer"
    assert (len(seller.payments), agent.states()) == (1, ["signed"])


def test_what_ended_unused_is_given_back_once_no_fork_can_take_its_end_away(
    tmp_path: Path, agent: UsdcAgent
) -> None:
    clock = Clock()
    with open_usdc_scene(tmp_path / "later") as scene:
        _end_unused(scene, UsdcAgent(scene, agent.wallet), clock)
    assert agent.states() == ["abandoned", "signed"]
    assert spent(agent) == [(100, 1), (100, 0)]


def _end_unused(scene: UsdcScene, agent: UsdcAgent, clock: Clock) -> None:
    with ScriptedSeller(usdc(PAYEE)).open() as seller:
        with pytest.raises(PaymentRefused):
            asked(scene, agent, seller, auth={"now": clock})
        ends = int(shown(*seller.payments)["payload"]["authorization"]["validBefore"])
        clock.ahead = 700
        with pytest.raises(PaymentRefused) as waits:
            asked(scene, agent, seller, auth={"now": clock})
        scene.node.blocks(at=ends + 1)
        with pytest.raises(PaymentRefused) as shallow:
            asked(scene, agent, seller, auth={"now": clock})
        assert (waits.value.code, shallow.value.code) == ("payment_refused", "payment_refused")
        scene.node.blocks(12)
        with pytest.raises(PaymentRefused):
            asked(scene, agent, seller, auth={"now": clock})
    assert len(seller.payments) == 2


def test_where_nobody_can_be_asked_what_ended_counts_as_spent(scene: UsdcScene, agent: UsdcAgent) -> None:
    clock = Clock()
    agent.environment = {**agent.environment, "BUYER_USDC_RPC_URL": ""}
    with ScriptedSeller(usdc(PAYEE)).open() as seller:
        for ahead, payments in ((0, 1), (600, 1), (1000, 2)):
            clock.ahead = ahead
            with pytest.raises(PaymentRefused):
                asked(scene, agent, seller, auth={"now": clock})
            assert len(seller.payments) == payments
    assert agent.states() == ["abandoned", "signed"]
    assert spent(agent) == [(100, 0), (100, 0)]


def spent(agent: UsdcAgent) -> list[tuple[int, int]]:
    """Cents, and whether they were given back, by purchase."""
    asked = "SELECT cost_amount, given_back FROM purchases ORDER BY rowid"
    return agent.wallet.transact(lambda db: db.execute(asked).fetchall())


def test_a_network_that_does_not_answer_refuses_before_anything_is_signed(
    scene: UsdcScene, agent: UsdcAgent
) -> None:
    scene.node.away = True
    try:
        with ScriptedSeller(usdc(PAYEE)).open() as seller, pytest.raises(BuyerError) as refused:
            asked(scene, agent, seller)
    finally:
        scene.node.away = False
    assert (refused.value.code, seller.payments, agent.states()) == ("chain_unreachable", set(), [])


def test_an_account_and_the_wallets_own_ada_pay_whichever_is_asked(
    scene: UsdcScene, agent: UsdcAgent
) -> None:
    nowhere = ada("addr_test1nobody", network="cardano:preprod")
    with ScriptedSeller(nowhere).open() as seller, pytest.raises(PaymentRefused) as refused:
        asked(scene, agent, seller)
    assert refused.value.code == "no_payable_offer"
    assert agent.states() == []
