"""What is asked for and what is shown are read strictly: each member that is wrong has its reason."""

from collections.abc import Mapping
from typing import Any

from shared.cardano.addresses import from_bytes
from shared.x402_cardano.reasons import ExactReason
from tests.sellers.facilitator.payments import AMOUNT, Paying, address, payment, requirements, told
from tests.support.processes.devnet import DevnetProcess

SCRIPT_ADDRESS = from_bytes(b"\x70" + bytes(28))

ASKED: list[tuple[Mapping[str, Any], ExactReason]] = [
    ({"scheme": "upto"}, ExactReason.SCHEME),
    ({"extra": {"assetTransferMethod": "masumi"}}, ExactReason.SCHEME),
    ({"extra": {"assetTransferMethod": "script"}}, ExactReason.SCHEME),
    ({"network": "cardano:preprod"}, ExactReason.NETWORK),
    ({"network": "eip155:8453"}, ExactReason.NETWORK),
    ({"amount": "0"}, ExactReason.REQUIREMENTS),
    ({"amount": "02000000"}, ExactReason.REQUIREMENTS),
    ({"amount": "2e6"}, ExactReason.REQUIREMENTS),
    ({"amount": 2_000_000}, ExactReason.REQUIREMENTS),
    ({"amount": "18446744073709551616"}, ExactReason.REQUIREMENTS),
    ({"asset": "ADA"}, ExactReason.REQUIREMENTS),
    ({"asset": "AB" * 28 + ".00"}, ExactReason.REQUIREMENTS),
    ({"asset": "ab" * 28 + "00"}, ExactReason.REQUIREMENTS),
    ({"payTo": "addr_test1"}, ExactReason.REQUIREMENTS),
    ({"payTo": SCRIPT_ADDRESS}, ExactReason.REQUIREMENTS),
    ({"payTo": from_bytes(b"\x61" + bytes(28))}, ExactReason.REQUIREMENTS),  # mainnet's
    ({"maxTimeoutSeconds": 0}, ExactReason.REQUIREMENTS),
    ({"maxTimeoutSeconds": True}, ExactReason.REQUIREMENTS),
    ({"extra": {"externalId": "x"}}, ExactReason.REQUIREMENTS),
    ({"extra": {"externalId": "00" * 32}}, ExactReason.PAYLOAD),
    ({"extra": [1]}, ExactReason.REQUIREMENTS),
    ({"extra": {"x": 1.5}}, ExactReason.REQUIREMENTS),
    ({"extra": {"confirmationPolicy": {"l1Confirmations": -1}}}, ExactReason.POLICY),
    ({"extra": {"confirmationPolicy": {"l1Confirmations": 21}}}, ExactReason.POLICY),
    ({"extra": {"confirmationPolicy": {"l1Confirmations": "1"}}}, ExactReason.POLICY),
    ({"extra": {"confirmationPolicy": {"l1Confirmations": 1, "more": 1}}}, ExactReason.POLICY),
    ({"extra": {"confirmationPolicy": None}}, ExactReason.POLICY),
    ({"payTo": address()}, ExactReason.RECIPIENT),
    ({"asset": "ab" * 28 + "."}, ExactReason.ASSET),
    ({"amount": str(AMOUNT + 1)}, ExactReason.AMOUNT),
    ({"maxTimeoutSeconds": 100}, ExactReason.EXPIRES_LATE),
]


def test_what_is_asked_for_is_read_strictly(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        raw = paying.raw()
        for changes, reason in ASKED:
            asked = requirements(paying.seller, **changes)
            verified = await paying.facilitator.verify(payment(raw, asked), asked)
            assert verified.reason is reason, changes

    told(devnet, story)


def test_what_is_shown_is_read_strictly(devnet: DevnetProcess) -> None:
    async def story(paying: Paying) -> None:
        good = payment(paying.raw(), paying.asked)
        payload = good["payload"]
        for changes, reason in (
            ({"x402Version": 1}, ExactReason.VERSION),
            ({"x402Version": None}, ExactReason.VERSION),
            ({"accepted": None}, ExactReason.PAYLOAD),
            ({"accepted": {**paying.asked, "scheme": "upto"}}, ExactReason.SCHEME),
            ({"accepted": {**paying.asked, "network": "cardano:mainnet"}}, ExactReason.NETWORK),
            ({"payload": [payload]}, ExactReason.PAYLOAD),
            ({"payload": {"transaction": payload["transaction"]}}, ExactReason.PAYLOAD),
            ({"payload": {**payload, "transaction": "?"}}, ExactReason.PAYLOAD),
            ({"payload": {**payload, "transaction": "A" * 30_000}}, ExactReason.UNREADABLE),
            ({"payload": {**payload, "transaction": ""}}, ExactReason.UNREADABLE),
            ({"payload": {**payload, "nonce": "abc#0"}}, ExactReason.NONCE),
            ({"payload": {**payload, "nonce": "0" * 64 + "#0"}}, ExactReason.NONCE_NOT_SPENT),
        ):
            verified = await paying.facilitator.verify({**good, **changes}, paying.asked)
            assert verified.reason is reason, changes
        alias = {**paying.asked, "network": "cip34:0-1"}
        assert (
            await paying.facilitator.verify(payment(paying.raw(), alias), alias)
        ).reason is ExactReason.NETWORK

    told(devnet, story)
