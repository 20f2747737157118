"""What a payer reads of x402 and MPP: strictly, bounded, and nothing of one spoils another."""

import base64
import json
from typing import Any

import httpx
import pytest

from buyer.paying import offers
from shared.dialects import mpp_client, x402_client
from shared.tokens import base64url
from shared.tokens.jws import TokenError

NOW = 1_800_000_000
ENTRY = {
    "scheme": "exact",
    "network": "cip34:0-1",
    "amount": "2000000",
    "asset": "lovelace",
    "payTo": "addr_test1x",
    "maxTimeoutSeconds": 600,
}
REQUEST = {
    "amount": "2000000",
    "currency": "lovelace",
    "recipient": "addr_test1x",
    "externalId": "ab" * 32,
    "methodDetails": {"network": "cardano:preprod"},
}


def required(**changes: Any) -> str:
    said = {"x402Version": 2, "resource": {"url": "https://x"}, "accepts": [ENTRY]} | changes
    return base64.b64encode(json.dumps(said).encode()).decode()


def challenge(identity: str = "one", **changes: Any) -> str:
    request = base64url.encode(json.dumps(REQUEST | changes).encode())
    return f'Payment id="{identity}", realm="a \\"b\\", c", method="cardano", intent="charge", request="{request}"'


@pytest.mark.parametrize(
    "header", ["", "}{", "bm8=", required(x402Version=3), required(accepts={}), "A" * 70_000]
)
def test_a_header_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(TokenError):
        x402_client.read_required(header)


@pytest.mark.parametrize("change", [{"amount": "0"}, {"amount": 5}, {"scheme": "upto"}, {"payTo": None}])
def test_an_entry_that_is_none_is_passed_over_and_its_neighbour_is_read(change: dict[str, Any]) -> None:
    asked = x402_client.read_required(required(accepts=[ENTRY | change, 7, ENTRY]))
    assert [entry.said for entry in asked.entries] == [ENTRY]


def test_what_is_given_back_is_the_entry_as_it_came() -> None:
    asked = x402_client.read_required(required())
    name, value = x402_client.write_payment(asked, asked.entries[0], {"transaction": "aa"})
    shown = json.loads(base64.b64decode(value))
    assert (name, shown["accepted"], shown["resource"]) == ("PAYMENT-SIGNATURE", ENTRY, {"url": "https://x"})


def test_version_1_is_read_from_a_body_and_answered_in_its_own_header() -> None:
    entry = {**ENTRY, "maxAmountRequired": "2000000"}
    asked = x402_client.read_body(json.dumps({"x402Version": 1, "accepts": [entry]}).encode())
    name, value = x402_client.write_payment(asked, asked.entries[0], {"transaction": "aa"})
    shown = json.loads(base64.b64decode(value))
    assert (name, shown["scheme"], shown["network"]) == ("X-PAYMENT", "exact", "cip34:0-1")


def test_challenges_stand_beside_other_schemes_in_one_line_or_in_many() -> None:
    lines = [f'Basic realm="x", {challenge("one")}, Bearer', "Negotiate abc==", challenge("two")]
    assert [found.id for found in mpp_client.read_challenges(lines)] == ["one", "two"]


def test_a_credential_gives_the_challenge_back_as_it_was() -> None:
    (found,) = mpp_client.read_challenges([challenge()])
    _, value = mpp_client.write_credential(found, {"transaction": "aa"})
    shown = json.loads(base64url.decode(value.removeprefix("Payment ")))
    assert (shown["challenge"]["realm"], shown["challenge"]["id"]) == ('a "b", c', "one")


@pytest.mark.parametrize(
    "line", ['Payment id="', "Payment " + '"\\' * 20_000, ", " * 30_000, "Payment id=" * 5000]
)
def test_junk_holds_no_challenge(line: str) -> None:
    assert mpp_client.read_challenges([line]) == ()


def test_one_offer_holds_both_dialects_and_reasons_for_the_rest() -> None:
    headers = httpx.Headers(
        [
            ("payment-required", required(accepts=[ENTRY, ENTRY | {"network": "eip155:1"}])),
            ("www-authenticate", challenge()),
        ]
    )
    offer = offers.read(headers, b"", now=NOW)
    assert [(one.dialect, one.option.network) for one in offer.options] == [
        ("x402", "cardano:preprod"),
        ("mpp", "cardano:preprod"),
    ]
    assert offer.options[1].commitment == bytes.fromhex("ab" * 32)
    assert offer.reasons == ("x402: the network eip155:1 is not known",)


@pytest.mark.parametrize("method", ["script", "masumi", 7])
def test_what_is_to_be_moved_in_a_way_that_nobody_here_knows_is_no_option(method: object) -> None:
    asked = required(accepts=[ENTRY | {"extra": {"assetTransferMethod": method}}])
    offer = offers.read(httpx.Headers({"payment-required": asked}), b"", now=NOW)
    assert offer.options == ()
    assert len(offer.reasons) == 1
