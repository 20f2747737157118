"""PaymentAuth, and what `buyer pay --dry-run` says, at a seller made of npm agentcommercekit alone."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from buyer.errors import BuyerError, SellerFault
from shared.cardano.read.transaction import parse
from tests.buyers.calls.ack_seller import PAY_TO
from tests.buyers.calls.conftest import PayingAgent
from tests.support.processes.seller import clean_environment
from tests.support.services.npm_ack_seller import NpmAckSeller
from tests.support.services.npm_tools import REPOSITORY

pytestmark = pytest.mark.usefixtures("hurry")
STRANGER = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"


@pytest.fixture(scope="module")
def seller() -> Iterator[NpmAckSeller]:
    with NpmAckSeller(PAY_TO) as running:
        yield running


def dry_run(agent: PayingAgent, url: str, *more: str) -> tuple[int, dict[str, Any]]:
    environment = clean_environment(BUYER_WALLET=str(agent.wallet.path), **agent.environment)
    command = [sys.executable, "-m", "buyer", "pay", url, "--dry-run", "--json", *more]
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("odd", ["", "text=1"], ids=["as it is", "amount as text"])
def test_the_package_takes_our_claim_and_we_its_receipt_and_it_answers(
    agent: PayingAgent, seller: NpmAckSeller, odd: str
) -> None:
    answer = agent.ask("GET", f"{seller.url}/thing?{odd}")
    assert (answer.status_code, answer.json()["by"]) == (200, agent.wallet.did), answer.text
    claim = seller.claims[-1]
    assert (claim["payerDid"], claim["paymentOptionId"]) == (agent.wallet.did, "ada")
    paid = parse(base64.b64decode(claim["metadata"]["transaction"]))
    assert [out.lovelace for out in paid.outputs if out.address == PAY_TO] == [2_000_000]
    assert agent.states() == ["paid"]


@pytest.mark.parametrize("odd", ["forever=1", "nameless=1", "revocable=1"])
def test_receipts_of_the_package_that_leave_something_open_are_shown(
    agent: PayingAgent, seller: NpmAckSeller, odd: str
) -> None:
    """Without an end, an id, or a status list that is there, which the package itself takes for no answer."""
    answer = agent.ask("GET", f"{seller.url}/thing?{odd}")
    assert answer.status_code == (400 if odd == "revocable=1" else 200), answer.text
    assert agent.states() == ["paid"]


@pytest.mark.parametrize(
    ("odd", "code"), [(f"payer={STRANGER}", "receipt_foreign"), ("option=other", "receipt_invalid")]
)
def test_a_receipt_that_the_package_would_take_and_that_is_not_ours_is_refused_with_a_reason(
    agent: PayingAgent, seller: NpmAckSeller, odd: str, code: str
) -> None:
    with pytest.raises(SellerFault) as fault:
        agent.ask("GET", f"{seller.url}/thing?{odd}")
    assert (fault.value.code, agent.states()) == (code, ["signed"])


@pytest.mark.parametrize(
    ("odd", "code", "said"),
    [
        ("expired=1", "expiry_too_soon", "expires"),
        ("sub=1", "no_payable_offer", "is not the payment request's id"),
        ("twice=1", "no_payable_offer", "two options of one id"),
        ("network=solana:5eykt", "no_payable_option", "eip155:84532, solana:5eykt"),
    ],
)
def test_what_the_package_signs_and_lets_through_we_say_why_we_do_not_pay(
    agent: PayingAgent, seller: NpmAckSeller, odd: str, code: str, said: str
) -> None:
    url = f"{seller.url}/thing?{odd}"
    with pytest.raises(BuyerError) as refused:
        agent.ask("GET", url)
    assert (refused.value.code, agent.states()) == (code, [])
    assert said in f"{refused.value} {refused.value.seller_says}"
    status, told = dry_run(agent, url)
    assert (status != 0, told["error"]["code"]) == (True, code)


def test_a_dry_run_says_what_would_be_paid_and_stores_no_purchase(
    agent: PayingAgent, seller: NpmAckSeller
) -> None:
    status, told = dry_run(agent, f"{seller.url}/thing", "--by", "ack")
    assert status == 0, told
    assert {name: told[name] for name in ("dialect", "network", "recipient", "status", "not_payable")} == {
        "dialect": "ack",
        "network": "cardano:devnet",
        "recipient": PAY_TO,
        "status": 402,
        "not_payable": [],
    }
    assert agent.states() == []
    assert dry_run(agent, f"{seller.url}/thing", "--by", "mpp")[1]["error"]["code"] == "no_payable_offer"


@pytest.mark.parametrize(
    ("curve", "encoding", "said"),
    [
        ("secp256k1", "jwk", "no Ed25519 key"),
        ("secp256r1", "jwk", "no Ed25519 key"),
        ("Ed25519", "multibase", "no Ed25519 key"),
    ],
)
def test_a_key_that_the_package_can_have_and_we_do_not_read_is_named(
    agent: PayingAgent, curve: str, encoding: str, said: str
) -> None:
    with NpmAckSeller(PAY_TO, curve, encoding) as other, pytest.raises(SellerFault) as fault:
        agent.ask("GET", f"{other.url}/thing")
    assert (fault.value.code, said in str(fault.value)) == ("identity_invalid", True)
    assert agent.states() == []
