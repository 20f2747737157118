"""The command `buyer` with an account on EVM, at `paywall serve` for USDC: one payment, whatever is killed."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from x402.mechanisms.evm.exact.client import ExactEvmScheme
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequirements

from tests.e2e.buying import Buyer
from tests.sellers.dialects.x402_client import decoded, encoded
from tests.support.evm.evm_node import NETWORK, EvmNode
from tests.support.evm.usdc_scene import PAYEE, PRICE, environment_of
from tests.support.evm.x402_facilitator import X402Facilitator
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.services.postgres import Postgres

PAYER = Account.from_key(keccak(b"payer"))
DATA = '{"name": "Abraham Lincoln"}'
USE = "/api/images/generate"


@pytest.fixture
def shop(
    devnet: DevnetProcess, node: EvmNode, facilitator: X402Facilitator, tmp_path: Path
) -> Iterator[SellerProcess]:
    node.mint(PAYER.address, 100 * PRICE)
    with SellerProcess(devnet, tmp_path / "shop", **environment_of(node, facilitator)) as seller:
        yield seller


@pytest.fixture
def buyer(shop: SellerProcess, node: EvmNode, folder: Path) -> Buyer:
    """Its wallet has no ADA."""
    buyer = Buyer(shop, folder)
    buyer.environment |= {
        "BUYER_USDC_KEY": PAYER.key.hex(),
        "BUYER_USDC_NETWORK": NETWORK,
        "BUYER_USDC_RPC_URL": node.url,
    }
    return buyer


def test_a_call_is_rehearsed_and_paid_from_the_account(
    shop: SellerProcess, node: EvmNode, buyer: Buyer
) -> None:
    told = buyer.ok("pay", shop.url + USE, "-d", DATA, "--dry-run")
    assert (told["dry_run"], told["dialect"], told["network"]) == (True, "x402", NETWORK)
    assert (buyer.ok("history")["purchases"], node.balance(PAYEE)) == ([], 0)
    paid = buyer.ok("pay", shop.url + USE, "-d", DATA, "--out", str(buyer.folder / "image"))
    assert (paid["status"], (buyer.folder / "image").stat().st_size) == (200, paid["bytes"])
    assert node.balance(PAYEE) == PRICE


def test_credits_are_bought_from_the_account_and_used(
    shop: SellerProcess, node: EvmNode, buyer: Buyer
) -> None:
    bought = buyer.ok("buy", "--credits", "3")
    assert bought["credits"] == {"granted": 3, "remaining": 3}
    assert node.balance(PAYEE) == 3 * PRICE
    buyer.ok("generate", "--name", "Abraham Lincoln", "--out", str(buyer.folder / "images"))
    assert node.balance(PAYEE) == 3 * PRICE


def test_five_processes_of_one_wallet_pay_the_same_call_once(
    shop: SellerProcess, node: EvmNode, buyer: Buyer
) -> None:
    arguments = ("pay", shop.url + USE, "-d", DATA, "--json", "--out")
    started = [buyer.start(*arguments, str(buyer.folder / f"image{number}")) for number in range(5)]
    done = [(process.communicate(timeout=90), process.returncode) for process in started]
    assert any(code == 0 for _, code in done), done
    # Whoever comes behind an answer asks for something new: a payment for each answer, and no other.
    states = [one["state"] for one in buyer.ok("history")["purchases"]]
    assert set(states) == {"paid"}
    assert node.balance(PAYEE) == PRICE * len(states)


def test_a_buyer_that_is_killed_while_it_is_settled_has_what_it_paid_for_afterwards(
    shop: SellerProcess, node: EvmNode, facilitator: X402Facilitator, buyer: Buyer
) -> None:
    arguments = ("pay", shop.url + USE, "-d", DATA, "--json", "--out", str(buyer.folder / "image"))
    facilitator.settle_fault = "late"
    process = buyer.start(*arguments)
    assert facilitator.settled.wait(60)
    process.kill()
    process.communicate()
    facilitator.settle_fault = ""
    facilitator.let_go.set()
    done = buyer.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == 200
    assert [one["state"] for one in buyer.ok("history")["purchases"]] == ["paid"]
    assert node.balance(PAYEE) == PRICE


def test_two_processes_of_one_seller_settle_the_same_payment_once(
    devnet: DevnetProcess, node: EvmNode, facilitator: X402Facilitator, tmp_path: Path, postgres: Postgres
) -> None:
    node.mint(PAYER.address, 100 * PRICE)
    settings = {**environment_of(node, facilitator), "DATABASE_URL": postgres.create()}
    one, other = (SellerProcess(devnet, tmp_path, **settings) for _ in range(2))
    other.environment["PAYWALL_OPERATOR_PORT"] = "0"
    with one, other:
        answers = asyncio.run(_everywhere([one, other]))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["redemption-id"] for answer in answers}) == 1
    assert len({answer.content for answer in answers}) == 1
    assert node.balance(PAYEE) == PRICE
    # Each of them may ask once: the token takes one.
    assert facilitator.calls.count("/settle") <= 2


async def _everywhere(sellers: list[SellerProcess]) -> list[httpx.Response]:
    """The same payment for the same call, ten times at each at once, until it is made."""
    async with httpx.AsyncClient(timeout=60) as http:
        asked = decoded((await http.post(sellers[0].url + USE, content=DATA)).headers["payment-required"])
        entry = next(one for one in asked["accepts"] if one["network"] == NETWORK)
        scheme = ExactEvmScheme(EthAccountSigner(PAYER))
        payload = scheme.create_payment_payload(PaymentRequirements.model_validate(entry))
        shown = encoded({"x402Version": 2, "accepted": entry, "payload": payload})
        json_type = {"content-type": "application/json"}

        async def ask(seller: SellerProcess) -> httpx.Response:
            while True:
                headers = {"PAYMENT-SIGNATURE": shown, **json_type}
                answer = await http.post(seller.url + USE, content=DATA, headers=headers)
                if answer.status_code not in {202, 409, 503}:
                    return answer
                await asyncio.sleep(float(answer.headers.get("retry-after", "0.1")))

        return await asyncio.gather(*(ask(seller) for seller in sellers for _ in range(10)))
