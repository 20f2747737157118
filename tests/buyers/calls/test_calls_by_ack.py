"""PaymentAuth at sellers that speak ACK-Pay alone, honest and not."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from buyer import Wallet
from buyer.errors import BuyerError, PaymentRefused, SellerFault, SellerUnreachable
from shared.keys import SigningKey
from tests.buyers.calls.ack_seller import DELIVERED, AckSeller, cardano, catalog_of, ordered
from tests.buyers.calls.conftest import PayingAgent
from tests.buyers.calls.sellers import x402
from tests.support.acklab import lab_papers
from tests.support.processes.devnet import DevnetProcess

pytestmark = pytest.mark.usefixtures("hurry")
STRANGER = SigningKey.generate()
PAST = int(time.time()) - 5


@pytest.fixture
def seller() -> Iterator[AckSeller]:
    with AckSeller().open() as opened:
        yield opened


def demo_json(seller: AckSeller, **changes: Any) -> Response:
    """The ACK demo's body; the request beside the token is anybody's text."""
    return JSONResponse({"paymentRequestToken": seller.token(), "paymentRequest": {}, **changes}, 402)


def test_a_seller_of_another_make_is_paid_at_its_receipt_service_and_shown_its_receipt(
    agent: PayingAgent, seller: AckSeller
) -> None:
    assert agent.get(seller).text == "here it is"
    (claimed,) = seller.claimed
    assert (claimed.payment_request_token, claimed.payer) == (seller.tokens[0], agent.wallet.did)
    assert (len(seller.shown), seller.asked, agent.states()) == (1, 1, ["paid"])


def test_the_demos_json_is_read_by_its_token_alone(agent: PayingAgent, seller: AckSeller) -> None:
    lower = {"paymentOptions": [cardano(amount=1)], "id": "another"}
    seller.asks = lambda: demo_json(seller, paymentRequest=lower)
    assert agent.get(seller).status_code == 200
    assert agent.states() == ["paid"]


def test_x402_is_paid_where_both_are_offered(agent: PayingAgent, seller: AckSeller) -> None:
    def both() -> Response:
        asked = seller.challenge()
        asked.headers["PAYMENT-REQUIRED"] = x402(cardano()["recipient"]).headers["payment-required"]
        return asked

    seller.asks = both
    with pytest.raises(PaymentRefused):  # it answers no payment in a header
        agent.get(seller)
    assert (seller.claimed, agent.states()) == ([], ["signed"])


@pytest.mark.parametrize(
    ("claims", "options", "code"),
    [
        ({"iss": "did:web:elsewhere.example"}, {}, "identity_foreign"),
        ({"exp": PAST}, {}, "expiry_too_soon"),
        ({"expiresAt": "2001-01-01T00:00:00Z"}, {}, "expiry_too_soon"),
        ({"aud": "did:web:elsewhere.example"}, {}, "no_payable_offer"),
        ({"sub": "another"}, {}, "no_payable_offer"),
        ({"id": "Pay me\u202e now"}, {}, "payment_request_invalid"),
        ({"paymentOptions": [cardano(), cardano()]}, {}, "no_payable_offer"),
        ({"paymentOptions": []}, {}, "no_payable_offer"),
        ({}, {"network": "cardano:mainnet"}, "no_payable_option"),
        ({}, {"network": "eip155:84532"}, "no_payable_option"),
        ({}, {"network": None}, "no_payable_option"),
        ({}, {"decimals": 3}, "unit_confused"),
        ({}, {"currency": "USD"}, "unit_confused"),
        ({}, {"recipient": "addr_test1nobody"}, "recipient_invalid"),
        ({}, {"amount": 9 * 10**17}, "over_budget"),
        ({}, {"amount": -1}, "no_payable_offer"),
        ({}, {"amount": None}, "no_payable_offer"),
        ({}, {"receiptService": None}, "receipt_service_foreign"),
        ({}, {"receiptService": "https://elsewhere.example/receipts"}, "receipt_service_foreign"),
        ({}, {"receiptService": "did:web:elsewhere.example"}, "receipt_service_foreign"),
    ],
)
def test_what_a_payment_request_must_not_say_is_not_signed(
    agent: PayingAgent, seller: AckSeller, claims: dict[str, Any], options: dict[str, Any], code: str
) -> None:
    seller.claims, seller.options = claims, options
    if "id" in claims:
        seller.claims = {"id": claims["id"], "sub": claims["id"]}
    with pytest.raises(BuyerError) as refused:
        agent.get(seller)
    assert refused.value.code == code
    assert (seller.claimed, agent.states()) == ([], [])


def test_a_payment_request_that_its_issuer_did_not_sign_is_not_paid(
    agent: PayingAgent, seller: AckSeller
) -> None:
    seller.signing = STRANGER
    with pytest.raises(SellerFault) as fault:
        agent.get(seller)
    assert (fault.value.code, agent.states()) == ("payment_request_invalid", [])


def test_an_origin_that_becomes_somebody_else_is_not_paid(agent: PayingAgent, seller: AckSeller) -> None:
    agent.get(seller)
    seller.claims, seller.signing = {"iss": STRANGER.public.did}, STRANGER
    with pytest.raises(SellerFault) as fault:
        agent.ask("GET", f"{seller.url}/other")
    assert (fault.value.code, len(seller.payments)) == ("identity_changed", 1)


def test_a_paywalls_order_is_held_against_its_catalog(agent: PayingAgent, seller: AckSeller) -> None:
    seller.catalog = catalog_of(seller)
    refused = []
    for claims in (
        ordered(101),
        ordered(99),
        ordered(credits=5),
        ordered(product="other"),
        ordered(token="ab" * 28 + ".00"),
        ordered(holder=STRANGER.public.did),
        {**ordered(), "expiresAt": "2099-01-01T00:00:00Z"},
    ):
        seller.claims = claims
        with pytest.raises(BuyerError) as error:
            agent.get(seller)
        refused.append(error.value.code)
    assert refused == [
        *("price_not_listed", "price_not_listed", "price_not_listed", "not_offered", "token_changed"),
        *("holder_changed", "payment_request_invalid"),
    ]
    seller.claims, seller.options = ordered(), {"amount": 90_000_000}
    with pytest.raises(SellerFault) as inflated:
        agent.get(seller)
    assert (inflated.value.code, seller.claimed, agent.states()) == ("amount_inflated", [], [])
    seller.options = {}
    assert agent.get(seller).status_code == 200
    assert agent.states() == ["paid"]


@pytest.mark.parametrize(
    ("receipts", "code"),
    [
        ({"payer": STRANGER.public.did}, "receipt_foreign"),
        ({"key": STRANGER}, "receipt_invalid"),
        ({"key": STRANGER, "iss": STRANGER.public.did}, "receipt_invalid"),
        ({"exp": PAST}, "receipt_invalid"),
        ({"aud": "somebody"}, "receipt_invalid"),
        ({"cnf": {"jkt": STRANGER.public.thumbprint}}, "receipt_foreign"),
        ({"subject": {"paymentOptionId": "other"}}, "receipt_invalid"),
        ({"vc": {"type": ["VerifiableCredential"]}}, "receipt_invalid"),
    ],
)
def test_a_receipt_that_does_not_hold_is_not_shown_and_nothing_more_is_paid(
    agent: PayingAgent, seller: AckSeller, receipts: dict[str, Any], code: str
) -> None:
    seller.receipts = receipts
    for _ in range(2):
        with pytest.raises(SellerFault) as fault:
            agent.get(seller)
        assert fault.value.code == code
    assert (seller.shown, len(seller.payments), agent.states()) == ([], 1, ["signed"])
    seller.receipts = {}
    assert agent.get(seller).text == "here it is"
    assert (len(seller.payments), seller.asked, agent.states()) == (1, 1, ["paid"])


def test_the_receipt_of_another_payment_request_is_not_shown(agent: PayingAgent, seller: AckSeller) -> None:
    seller.receipts = {"token": seller.token()}
    with pytest.raises(SellerFault) as fault:
        agent.get(seller)
    assert (fault.value.code, seller.shown) == ("receipt_foreign", [])


def test_a_second_402_after_the_receipt_is_never_paid(agent: PayingAgent, seller: AckSeller) -> None:
    seller.answers = [seller.challenge()]
    for _ in range(3):
        with pytest.raises(SellerFault) as fault:
            agent.get(seller)
        assert fault.value.code == "paid_without_answer"
    assert (len(seller.payments), len(set(seller.shown)), len(seller.shown)) == (1, 1, 3)
    assert agent.states() == ["signed"]


@pytest.mark.parametrize("follow", [False, True])
def test_no_receipt_follows_a_redirect(agent: PayingAgent, seller: AckSeller, follow: bool) -> None:
    seller.answers = [Response(status_code=307, headers={"Location": f"{seller.url}/elsewhere"})]
    with pytest.raises(SellerFault) as fault:
        agent.get(seller, follow_redirects=follow)
    assert (fault.value.code, len(seller.shown)) == ("redirected", 1)


def test_a_call_that_its_seller_answers_with_a_no_is_its_callers_and_the_receipt_is_kept(
    agent: PayingAgent, seller: AckSeller
) -> None:
    seller.answers = [Response(status_code=403), Response(status_code=503), DELIVERED]
    assert agent.get(seller).status_code == 403
    assert agent.get(seller).text == "here it is"
    assert (len(seller.payments), len(set(seller.shown)), agent.states()) == (1, 1, ["paid"])


def test_a_claim_that_got_no_answer_is_made_again_with_the_same_payment(
    agent: PayingAgent, seller: AckSeller, devnet: DevnetProcess
) -> None:
    settling = JSONResponse({"confirmations": 0, "required": 1}, 202)
    seller.claim_answers = [*(Response(status_code=502) for _ in range(4)), settling, settling]
    with pytest.raises(SellerUnreachable):
        agent.get(seller)
    assert agent.states() == ["signed"]
    agent.wallet.close()
    with closing(Wallet.open(agent.wallet.path)) as reopened:
        assert PayingAgent(devnet, reopened).get(seller).text == "here it is"
    assert (len(seller.payments), seller.asked, agent.states()) == (1, 1, ["paid"])


def test_a_refused_claim_is_kept_and_one_without_a_receipt_too(agent: PayingAgent, seller: AckSeller) -> None:
    seller.claim_answers = [Response(status_code=422), JSONResponse({})]
    for code in ("payment_refused", "receipt_missing"):
        with pytest.raises(BuyerError) as refused:
            agent.get(seller)
        assert (refused.value.code, agent.states()) == (code, ["signed"])
    assert agent.get(seller).status_code == 200
    assert len(seller.payments) == 1


def test_one_payment_request_is_not_paid_twice(agent: PayingAgent, seller: AckSeller) -> None:
    same = seller.token()
    seller.asks = lambda: Response(same, 402, media_type="application/jwt")
    agent.get(seller)
    with pytest.raises(SellerFault) as fault:
        agent.ask("GET", f"{seller.url}/other")
    assert (fault.value.code, len(seller.payments)) == ("request_repeated", 1)


def test_a_call_with_an_authorization_of_its_own_is_not_paid(agent: PayingAgent, seller: AckSeller) -> None:
    with pytest.raises(PaymentRefused) as refused:
        agent.get(seller, headers={"Authorization": "Basic own"})
    assert (refused.value.code, seller.claimed, agent.states()) == ("no_payable_offer", [], [])
    assert "Authorization of its own" in json.dumps(refused.value.seller_says)


def test_a_payment_request_of_no_key_that_we_verify_is_refused_with_a_reason(
    agent: PayingAgent, seller: AckSeller
) -> None:
    token = lab_papers.payment_request(
        STRANGER,
        "one",
        [cardano()],
        int(time.time()),
        iss="did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
    )
    seller.asks = lambda: Response(token, 402, media_type="text/plain")
    with pytest.raises(SellerFault) as fault:
        agent.get(seller)
    assert (fault.value.code, agent.states()) == ("identity_invalid", [])
