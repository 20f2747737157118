"""npm agentcommercekit, unmodified, as a client of `paywall serve`: it asks, verifies, claims, uses, and looks whether
its receipt was revoked, by its own public API alone. The transaction is ours: it knows no Cardano.
"""

import asyncio
import base64
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from buyer.payers import registry
from buyer.payers.base import PaymentTerms
from buyer.seller.session import Context
from buyer.wallet import chains
from buyer.wallet.chains import OfferedChain
from buyer.wallet.file import Wallet
from shared.tokens import jws, prt
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess
from tests.support.services.npm_tools import npm

SCRIPT = Path(__file__).parents[1] / "conformance" / "ack_client.mjs"
BUY, USE, CLAIM = "/api/images/buy", "/api/images/generate", "/api/payments"
ONE = {"name": "Abraham Lincoln"}


@pytest.fixture
def shop(devnet: DevnetProcess, tmp_path: Path) -> Iterator[SellerProcess]:
    """It is a did:web of its own address."""
    process = SellerProcess(devnet, tmp_path / "own")
    process.environment["PAYWALL_PUBLIC_URL"] = process.url
    with process:
        yield process


@pytest.fixture
def wallet(devnet: DevnetProcess, tmp_path: Path) -> Iterator[Wallet]:
    with closing(Wallet.create(tmp_path / "wallet.db")) as made:
        for _ in range(2):
            devnet.faucet(made.address, 50_000_000)
        while devnet.ask(f"/addresses/{made.address}/utxos").content.count(b'"output_index"') < 2:
            time.sleep(0.05)  # it gives no event to await: a block comes by the clock
        yield made


def run(*jobs: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = npm().run(SCRIPT, jobs)
    return results


def done(job: dict[str, Any]) -> dict[str, Any]:
    (result,) = run(job)
    assert "ok" in result, result
    found: dict[str, Any] = result["ok"]
    return found


def did_of(shop: SellerProcess) -> str:
    return str(httpx.get(f"{shop.url}/api/catalog").json()["seller"])


async def transaction(devnet: DevnetProcess, wallet: Wallet, token: str, taken: set[str]) -> bytes:
    """Signed, for the token's option on Cardano; what it uses up is added to `taken`."""
    environment = {"BUYER_CHAIN": devnet.url}
    chain = chains.connect(OfferedChain(wallet.network, None, devnet.url), environment)

    async def opened() -> Any:
        return chain

    context = Context(lambda: int(time.time()), environment, print, print)
    (payer,) = registry.of_any_make(wallet, context, opened)
    (option,) = filter(payer.pays, prt.options_of(jws.unverified(token)[1]))
    draft = await payer.prepare(option, PaymentTerms(token, int(time.time()) + 600), taken=taken)
    taken |= set(draft.resources)
    await chain.aclose()
    raw = payer.sign(draft).payload["transaction"]
    assert isinstance(raw, bytes)
    return raw


def bought(shop: SellerProcess, devnet: DevnetProcess, wallet: Wallet, count: int) -> list[str]:
    """Receipts for two credits each, which the package asked for and claimed."""
    taken: set[str] = set()
    receipts = []
    ask = {"verb": "ask", "url": shop.url + BUY, "body": {"credits": 2}, "accept": "application/jwt"}
    for token in [done(ask)["token"] for _ in range(count)]:
        raw = asyncio.run(transaction(devnet, wallet, token, taken))
        shown = {"network": "cardano:devnet", "transaction": base64.b64encode(raw).decode()}
        job = {"verb": "claim", "seed": wallet.key.seed.hex(), "url": shop.url + CLAIM, "token": token}
        job |= {"option": "cardano", "metadata": shown}
        while (answer := done(job))["status"] == 202:
            time.sleep(0.1)  # a block comes by the clock
        assert answer["status"] == 200, answer
        receipts.append(answer["body"]["receipt"])
    return receipts


@pytest.mark.parametrize("accept", ["application/jwt", "application/json"])
def test_it_verifies_what_we_ask_in_either_form_and_resolves_who_we_are(
    shop: SellerProcess, accept: str
) -> None:
    did = did_of(shop)
    assert did.startswith("did:web:127.0.0.1%3A")
    asked = done(
        {"verb": "ask", "url": shop.url + BUY, "body": {"credits": 3}, "accept": accept, "issuer": did}
    )
    assert (asked["status"], asked["issuer"], asked["resolved"]) == (402, did, did)
    assert asked["type"].startswith(accept)
    claims = jws.unverified(asked["token"])[1]
    verified = asked["paymentRequest"]
    assert {name: verified[name] for name in ("id", "serviceCallback", "paymentOptions")} == {
        name: claims[name] for name in ("id", "serviceCallback", "paymentOptions")
    }
    # Disagreement: it writes an end with thousandths, we with seconds.
    assert verified["expiresAt"] == claims["expiresAt"].replace("Z", ".000Z")
    if accept == "application/json":
        assert (asked["isRequest"], asked["beside"]["id"]) == (True, claims["id"])
        assert {name: asked["beside"][name] for name in claims} == claims


def test_a_402_of_a_priced_call_is_read_by_it_too(shop: SellerProcess) -> None:
    job = {"verb": "ask", "url": shop.url + USE, "body": ONE, "accept": "*/*", "issuer": did_of(shop)}
    asked = done(job)
    assert (asked["status"], asked["type"]) == (402, "application/problem+json")
    assert asked["isRequest"]


def test_what_it_bought_it_verifies_uses_and_sees_revoked(
    shop: SellerProcess, devnet: DevnetProcess, wallet: Wallet
) -> None:
    did = did_of(shop)
    live, taken_back = bought(shop, devnet, wallet, 2)
    for receipt in (live, taken_back):
        verify = {"verb": "verify", "receipt": receipt, "trusted": [did], "issuer": did}
        found = done(verify)
        assert found["receipt"]["credentialSubject"]["id"] == wallet.did
        standing = done({"verb": "standing", "receipt": receipt})
        told = [standing[name] for name in ("isReceipt", "isRevocable", "isRevoked")]
        assert told == [True, True, False]
        assert standing["type"] == ["VerifiableCredential", "PaymentReceiptCredential"]
        used = done({"verb": "use", "url": shop.url + USE, "receipt": receipt, "body": ONE})
        assert (used["status"], used["left"], used["begins"]) == (200, "1", "89504e47")
    shop.stop()
    revoked = shop.command("receipts", "revoke", jws.unverified(taken_back)[1]["jti"])
    assert revoked.returncode == 0, revoked.stderr
    shop.start()
    standings = [done({"verb": "standing", "receipt": one})["isRevoked"] for one in (live, taken_back)]
    assert standings == [False, True]
    verified = run(
        *({"verb": "verify", "receipt": one, "trusted": [did], "issuer": did} for one in (live, taken_back))
    )
    assert ("ok" in verified[0], verified[1].get("error")) == (True, "Error: Credential is revoked")
    uses = [{"verb": "use", "url": shop.url + USE, "receipt": one, "body": ONE} for one in (live, taken_back)]
    good, bad = (result["ok"] for result in run(*uses))
    assert (good["status"], good["left"]) == (200, "0")
    assert (bad["status"], bad["problem"]["code"]) == (401, "receipt_revoked")
    # Fails closed: a list that is not there revokes nothing and clears nothing.
    shop.stop()
    (gone,) = run({"verb": "standing", "receipt": live})
    assert "error" in gone
