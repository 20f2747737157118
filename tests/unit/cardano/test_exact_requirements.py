"""What x402's scheme asks for, read strictly; one thing has one digest."""

import pytest

from shared.x402_cardano.reasons import ExactReason, ExactRefusal
from shared.x402_cardano.requirements import USUAL_CONFIRMATIONS, canonical_network, read_requirements

ASKED: dict[str, object] = {
    "scheme": "exact",
    "network": "cardano:preprod",
    "amount": "7",
    "asset": "ab" * 28 + ".00ff",
    "payTo": "addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz",
    "maxTimeoutSeconds": 600,
}


def test_an_alias_is_the_network_that_it_stands_for() -> None:
    asked, alias = read_requirements(ASKED), read_requirements({**ASKED, "network": "cip34:0-1"})
    assert asked == alias
    assert canonical_network("cip34:0-2") == "cardano:preview"
    with pytest.raises(ExactRefusal) as refused:
        read_requirements({**ASKED, "network": "cip34:0-3"})
    assert refused.value.reason is ExactReason.NETWORK


def test_what_is_left_out_has_the_schemes_own_value() -> None:
    asked = read_requirements(ASKED)
    assert (asked.asset, asked.confirmations, asked.commitment) == (
        "ab" * 28 + "00ff",
        USUAL_CONFIRMATIONS,
        None,
    )


def test_whatever_makes_it_another_sale_makes_another_digest() -> None:
    digest = read_requirements(ASKED).digest
    assert read_requirements({**ASKED, "maxTimeoutSeconds": 601}).digest == digest
    others: list[dict[str, object]] = [
        {"amount": "8"},
        {"asset": "lovelace"},
        {"extra": {"order": "1"}},
        {"extra": {"order": "2"}},
    ]
    digests = {read_requirements({**ASKED, **changes}).digest for changes in others}
    assert len(digests | {digest}) == len(others) + 1
