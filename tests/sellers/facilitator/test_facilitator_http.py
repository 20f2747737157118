"""`paywall facilitator` as x402's clients speak to it, PyPI `x402`'s own among them."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from x402.http import FacilitatorConfig, HTTPFacilitatorClient
from x402.schemas import PaymentPayload, PaymentRequirements

from paywall.errors import SetupError
from paywall.facilitator.opening import FacilitatorOptions
from shared.cardano.read.transaction import parse
from shared.x402_cardano.reasons import ExactReason
from tests.sellers.facilitator.payments import NETWORK, Paying, payment, told
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.facilitator import FacilitatorProcess


def test_the_packages_facilitator_client_verifies_and_settles(
    devnet: DevnetProcess, served: FacilitatorProcess
) -> None:
    async def story(paying: Paying) -> None:
        client = HTTPFacilitatorClient(FacilitatorConfig(url=served.url))
        kinds = client.get_supported().kinds
        assert [(kind.x402_version, kind.scheme, kind.network) for kind in kinds] == [(2, "exact", NETWORK)]
        shown = PaymentPayload.model_validate(payment(paying.raw(), paying.asked))
        asked = PaymentRequirements.model_validate(paying.asked)
        verified = await client.verify(shown, asked)
        assert (verified.is_valid, verified.payer) == (True, paying.wallet.address)
        settling = asyncio.create_task(client.settle(shown, asked))
        await paying.waits()
        devnet.blocks()
        settled = await settling
        assert (settled.success, settled.extra) == (True, {"status": "confirmed", "confirmations": 0})
        assert devnet.ask(f"/txs/{settled.transaction}").status_code == 200
        await client.aclose()

    told(devnet, story)


def test_what_is_no_request_is_refused_in_the_protocols_words(served: FacilitatorProcess) -> None:
    for path, whether in (("verify", "isValid"), ("settle", "success")):
        for body, status in (
            (b"", 200),
            (b"{}", 200),
            (b"[]", 400),
            (b"{", 400),
            (b'{"a":1,"a":2}', 400),
            (b"[" * 60_000, 400),
            (b'"' + b"x" * 70_000 + b'"', 413),
            (b"\xff\xfe", 400),
            (json.dumps({"paymentPayload": [], "paymentRequirements": 7}).encode(), 200),
        ):
            answer = httpx.post(f"{served.url}/{path}", content=body)
            assert (answer.status_code, answer.json()[whether]) == (status, False), (path, body[:20])
        assert httpx.get(f"{served.url}/{path}").status_code == 405
    assert httpx.get(f"{served.url}/nothing").status_code == 404


def test_the_devnets_ledger_judges_besides(devnet: DevnetProcess, served: FacilitatorProcess) -> None:
    """A fee that suffices by our own rules and a metadata hash of metadata that are no metadata: the ledger knows."""

    async def story(paying: Paying) -> None:
        raw = paying.wallet.sign(paying.body(), metadata={8402: "x" * 65})
        shown = {"paymentPayload": payment(raw, paying.asked), "paymentRequirements": paying.asked}
        assert (await paying.facilitator.verify(*shown.values())).valid
        async with httpx.AsyncClient(base_url=served.url) as http:
            said = (await http.post("/verify", json=shown)).json()
        assert (said["isValid"], said["invalidReason"]) == (False, ExactReason.PHASE_1)
        assert said["invalidMessage"].startswith("the ledger refuses it: ")
        assert devnet.mempool() == []

    told(devnet, story)


def test_a_facilitator_that_is_killed_while_it_settles_knows_of_it_when_it_is_back(
    devnet: DevnetProcess, tmp_path: Path
) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        body = {"paymentPayload": payment(raw, paying.asked), "paymentRequirements": paying.asked}
        with FacilitatorProcess(devnet, tmp_path) as facilitator:
            async with httpx.AsyncClient(timeout=60) as http:
                settling = asyncio.create_task(http.post(f"{facilitator.url}/settle", json=body))
                await paying.waits()
                facilitator.kill()
                with pytest.raises(httpx.TransportError):
                    await settling
                devnet.blocks()
                assert (await http.post(f"{facilitator.url}/verify", json=body)).json()["isValid"] is True
                said = (await http.post(f"{facilitator.url}/settle", json=body)).json()
            assert (said["success"], said["transaction"]) == (True, parse(raw).id)

    told(devnet, story)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"network": "testnet"}, "PAYWALL_NETWORK must be one of devnet, preprod, preview, mainnet."),
        ({"network": "mainnet"}, "mainnet needs BLOCKFROST_PROJECT_ID."),
    ],
)
def test_options_that_cannot_be_are_told_in_a_sentence(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(SetupError) as refused:
        FacilitatorOptions(**options)  # type: ignore[arg-type]  # texts alone
    assert refused.value.detail == sentence
