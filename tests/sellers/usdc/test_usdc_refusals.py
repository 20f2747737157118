"""What pays something else, somebody else or nothing is refused before any money moves, and nothing changes."""

import json
from typing import Any

import pytest

from tests.sellers.dialects.x402_client import BUY, decoded
from tests.support.evm.usdc_payer import UsdcPayer
from tests.support.evm.usdc_scene import PAYEE, UsdcScene

ELSEWHERE = "0x" + "11" * 20


def refused(
    client: UsdcPayer, header: dict[str, str], status: int, code: str, path: str = BUY, **body: Any
) -> None:
    scene = client.scene
    before = (scene.paid, scene.states(), scene.facilitator.calls.count("/settle"))
    answer = client.pay(header, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (scene.paid, scene.states(), scene.facilitator.calls.count("/settle")) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"payTo": ELSEWHERE},
        {"amount": "999999"},
        {"amount": "1000001"},
        {"asset": ELSEWHERE},
        {"network": "eip155:8453"},
        {"extra": {"name": "USD Coin", "version": "2"}},
        {"maxTimeoutSeconds": 1},
        {"maxTimeoutSeconds": 10_000},
    ],
    ids=str,
)
def test_an_authorization_for_anything_else_is_refused(client: UsdcPayer, changes: dict[str, Any]) -> None:
    asked = client.ask()
    refused(client, client.header(asked, client.payload(asked, **changes)), 402, "payment_mismatch")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "999999"}, 401, "claim_invalid"),
        ({"payTo": ELSEWHERE}, 401, "claim_invalid"),
        ({"network": "eip155:8453"}, 402, "payment_mismatch"),
    ],
)
def test_what_is_given_back_is_what_was_asked(
    client: UsdcPayer, changes: dict[str, Any], status: int, code: str
) -> None:
    asked = client.ask()
    refused(client, client.header(asked, **changes), status, code)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("from", value) for value in ("", ELSEWHERE[2:], ELSEWHERE + "\n", 7, None)),
        *(
            ("value", value)
            for value in ("", "-1", "0x1", "1e6", "01000000", " 1000000", "\uff19", 1000000, "1" * 79)
        ),
        *(("nonce", value) for value in ("0x", "0x" + "1" * 63, "0x" + "g" * 64)),
        *(("validBefore", value) for value in (None, True, "9" * 80)),
    ],
    ids=str,
)
def test_what_is_no_authorization_is_refused(client: UsdcPayer, member: str, value: Any) -> None:
    asked = client.ask()
    payload = client.payload(asked)
    payload["authorization"][member] = value
    refused(client, client.header(asked, payload), 401, "claim_invalid")


@pytest.mark.parametrize(
    "payload",
    [
        {"signature": "0x" + "1b" * 65},
        {"signature": "0x1b", "authorization": {}},
        {"authorization": "[]", "signature": "0x" + "1b" * 65},
        {"authorization": "{", "signature": "0x" + "1b" * 65},
        {"transaction": "AA==", "nonce": "x"},
    ],
    ids=json.dumps,
)
def test_a_payload_of_another_kind_is_refused(client: UsdcPayer, payload: dict[str, Any]) -> None:
    refused(client, client.header(client.ask(), payload), 401, "claim_invalid")


def test_a_signature_of_somebody_else_is_refused(client: UsdcPayer) -> None:
    asked = client.ask()
    payload = client.payload(asked)
    payload["authorization"]["from"] = ELSEWHERE
    refused(client, client.header(asked, payload), 402, "payment_mismatch")


def test_a_payer_without_the_money_is_refused(client: UsdcPayer) -> None:
    asked = client.ask()
    payload = client.payload(asked)
    client.scene.node.blocks()
    moved = client.scene.node.balance(client.scene.payer.address)
    client.scene.node.take(client.scene.payer.address, moved)
    try:
        refused(client, client.header(asked, payload), 402, "payment_mismatch")
    finally:
        client.scene.node.mint(client.scene.payer.address, moved)


def test_an_authorization_pays_one_request(client: UsdcPayer) -> None:
    first, second = client.ask(), client.ask()
    payload = client.payload(first)
    assert client.pay(client.header(first, payload)).status_code == 200
    refused(client, client.header(second, payload), 409, "payment_already_used")
    capitals = {**payload, "authorization": {**payload["authorization"]}}
    nonce = capitals["authorization"]["nonce"]
    capitals["authorization"]["nonce"] = "0x" + nonce[2:].upper()
    refused(client, client.header(second, capitals), 409, "payment_already_used")


def test_one_that_was_used_before_it_was_shown_is_refused(client: UsdcPayer) -> None:
    asked = client.ask()
    payload = client.payload(asked)
    client.use(payload)
    refused(client, client.header(asked, payload), 402, "payment_mismatch")


@pytest.mark.parametrize("fault", ["broken", "junk"])
def test_while_the_facilitator_is_away_nothing_is_taken(
    scene: UsdcScene, client: UsdcPayer, fault: Any
) -> None:
    header = client.header(client.ask())
    scene.facilitator.verify_fault = fault
    refused(client, header, 503, "unavailable")
    scene.facilitator.verify_fault = ""
    assert client.pay(header).status_code == 200


def test_while_nobody_can_look_it_up_nothing_is_taken(scene: UsdcScene, client: UsdcPayer) -> None:
    header = client.header(client.ask())
    scene.node.away = True
    refused(client, header, 503, "unavailable")
    scene.node.away = False
    assert client.pay(header).status_code == 200


def test_the_402_says_what_an_evm_client_needs(client: UsdcPayer) -> None:
    (entry,) = client.ask()["accepts"]
    assert (entry["network"], entry["amount"], entry["payTo"]) == ("eip155:84532", "1000000", PAYEE)
    assert entry["extra"].items() >= {"name": "USDC", "version": "2"}.items()


def test_the_receipt_says_which_transaction_paid(client: UsdcPayer) -> None:
    from shared.tokens import jws

    answer = client.pay(client.header(client.ask()))
    said = jws.read(answer.json()["receipt"]).payload["vc"]["credentialSubject"]["metadata"]
    assert said["txHash"] == decoded(answer.headers["payment-response"])["transaction"]
    assert said["network"] == "eip155:84532"
