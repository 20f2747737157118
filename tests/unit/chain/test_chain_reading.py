"""What a chain service says of scripts and tokens is read exactly, or not at all."""

from fractions import Fraction
from typing import Any

import pytest

from shared.cardano.coins import PlutusParameters
from shared.chain import reading
from shared.chain.base import ChainUnavailable

TOLD: dict[str, Any] = {
    "price_mem": 0.0577,
    "price_step": 7.21e-05,
    "min_fee_ref_script_cost_per_byte": 15,
    "collateral_percent": 150,
    "cost_models_raw": {"PlutusV1": [1], "PlutusV3": [100788, 420, -1]},
}


def test_prices_are_exact_fractions_never_floats() -> None:
    assert reading.plutus(TOLD) == PlutusParameters(
        Fraction(577, 10_000), Fraction(721, 10_000_000), Fraction(15), 150, (100788, 420, -1)
    )


@pytest.mark.parametrize("models", [None, "absent"])
def test_without_cost_models_scripts_have_no_price_and_the_rest_is_read(models: object) -> None:
    told = {key: value for key, value in TOLD.items() if key != "cost_models_raw"}
    assert reading.plutus(told if models else {**told, "cost_models_raw": None}) is None


STRANGE: dict[str, dict[str, object]] = {
    "a price in words": {"price_mem": "cheap"},
    "a price below zero": {"price_step": -1},
    "a price that is true": {"price_step": True},
    "an endless price": {"price_mem": float("inf")},
    "no price of bytes": {"min_fee_ref_script_cost_per_byte": None},
    "no third language": {"cost_models_raw": {"PlutusV2": [1]}},
    "a model of names": {"cost_models_raw": {"PlutusV3": {"addInteger": 1}}},
    "a model of fractions": {"cost_models_raw": {"PlutusV3": [1, 2.5]}},
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE.keys())
def test_strange_prices_are_no_answer(change: dict[str, object]) -> None:
    with pytest.raises(ChainUnavailable):
        reading.plutus({**TOLD, **change})


@pytest.mark.parametrize(
    ("action", "amount", "quantity"),
    [("minted", "5", 5), ("burned", "-5", -5), ("burned", "5", -5)],
    ids=["a mint", "a burn as Blockfrost writes it", "a burn without a sign"],
)
def test_mints_and_burns_are_told_apart_by_their_action(action: str, amount: str, quantity: int) -> None:
    told = {"tx_hash": "ab" * 32, "action": action, "amount": amount}
    assert reading.asset_event(told) == ("ab" * 32, quantity)


@pytest.mark.parametrize(
    "change",
    [{"action": "frozen"}, {"amount": "many"}, {"tx_hash": "ab"}, {"amount": 5.5}],
    ids=["another action", "an amount in words", "a short hash", "half a token"],
)
def test_strange_events_are_no_answer(change: dict[str, object]) -> None:
    with pytest.raises(ChainUnavailable):
        reading.asset_event({"tx_hash": "ab" * 32, "action": "minted", "amount": "5", **change})


def test_bytes_may_be_null_but_not_junk() -> None:
    assert reading.octets_or_null({"cbor": None}, "cbor") is None
    assert reading.octets_or_null({"cbor": "4d01"}, "cbor") == b"\x4d\x01"
    told: list[object] = [{"cbor": "4d0"}, {"cbor": 5}, {}, [], {"cbor": "zz"}]
    for junk in told:
        with pytest.raises(ChainUnavailable):
            reading.octets_or_null(junk, "cbor")
