"""What an audit says of a supply, and that a chain service's lies do not pass."""

from dataclasses import replace

import cbor2
import pytest

from shared.cardano.assets import Asset
from shared.cardano.fixed_supply import FixedSupply
from shared.cardano.read.audit import AuditEvidence, judge
from tests.unit.cardano import cardano_samples, fixed_samples
from tests.unit.cardano.fixed_samples import SUPPLY

MINTED = fixed_samples.signed(fixed_samples.mint())
BURNED = fixed_samples.signed(fixed_samples.burn())
FIXED = AuditEvidence(
    asset=SUPPLY.asset,
    events=((MINTED.id, 10_000), (BURNED.id, -4)),
    circulating=9_996,
    first_mint=MINTED.raw,
    script=SUPPLY.script,
)
PLAIN = cardano_samples.signed(cardano_samples.mint(cardano_samples.utxo(1, 10_000_000)))
NATIVE = AuditEvidence(
    asset=cardano_samples.ASSET,
    events=((PLAIN.id, 10_000), ("44" * 32, -1000), ("55" * 32, 500)),
    circulating=9_500,
    first_mint=PLAIN.raw,
    script=None,
)


def test_a_fixed_supply_is_told_with_its_parameters_and_that_no_more_can_come() -> None:
    audit = judge(FIXED)
    assert audit.holds
    assert (audit.kind, audit.minted, audit.burned, audit.supply) == ("fixed", 10_000, 4, SUPPLY)
    assert audit.verdict.startswith("No more can ever be minted")
    shown = audit.as_json()
    assert (shown["left"], shown["parameters"]["quantity"]) == (9_996, 10_000)
    assert shown["parameters"]["seed"] == f"{SUPPLY.seed[0]}#0"


def test_a_native_supply_is_told_as_the_promise_that_it_is() -> None:
    audit = judge(NATIVE)
    assert audit.holds
    assert (audit.kind, audit.minted, audit.burned, audit.supply) == ("native", 10_500, 1000, None)
    assert audit.verdict.startswith("More can be minted at any time by the holder of key ")


def test_a_script_that_the_service_wraps_once_more_is_the_same_script() -> None:
    assert judge(replace(FIXED, script=cbor2.dumps(SUPPLY.script))).holds


OTHER = FixedSupply(("99" * 32, 0), b"CREATE", 10_000, SUPPLY.custodian)
OTHER_MINT = fixed_samples.signed(
    fixed_samples.mint(supply=OTHER, seed=replace(fixed_samples.SEED, tx_hash="99" * 32))
)
LIES: dict[str, tuple[AuditEvidence, str]] = {
    "another supply's script": (replace(FIXED, script=OTHER.script), "policy"),
    "no script": (replace(FIXED, script=None), "policy"),
    "junk for a script": (replace(FIXED, script=b"\x00\x01"), "policy"),
    "a second mint": (
        replace(FIXED, events=(*FIXED.events, ("66" * 32, 10_000)), circulating=19_996),
        "once",
    ),
    "a mint hidden": (replace(FIXED, circulating=19_996), "count"),
    "a burn hidden": (replace(FIXED, events=FIXED.events[:1]), "count"),
    "a burn made up": (replace(FIXED, events=(*FIXED.events, ("66" * 32, -4))), "count"),
    "a smaller mint told": (
        replace(FIXED, events=((MINTED.id, 9_000), (BURNED.id, -4)), circulating=8_996),
        "mint",
    ),
    "another transaction's id": (replace(FIXED, events=(("77" * 32, 10_000), (BURNED.id, -4))), "mint"),
    "another supply's mint": (replace(FIXED, first_mint=OTHER_MINT.raw), "mint"),
    "no bytes of the mint": (replace(FIXED, first_mint=None), "mint"),
    "a token that never was": (
        replace(FIXED, events=(), first_mint=None, circulating=None, script=None),
        "mint",
    ),
    "another name under the policy": (
        replace(FIXED, asset=Asset(SUPPLY.policy_id, b"OTHER")),
        "name",
    ),
    "another key's policy": (
        replace(NATIVE, asset=Asset("ab" * 28, b"CREATE")),
        "policy",
    ),
    "an unknown circulation": (replace(NATIVE, circulating=None), "count"),
}


@pytest.mark.parametrize(("evidence", "broken"), LIES.values(), ids=LIES.keys())
def test_a_lie_breaks_the_check_that_it_is_about(evidence: AuditEvidence, broken: str) -> None:
    audit = judge(evidence)
    assert not audit.holds
    assert broken in {check.name for check in audit.checks if not check.holds}
    assert audit.verdict == "This does not hold together: do not rely on this supply."


def test_every_line_for_people_is_in_the_object_for_programs() -> None:
    audit = judge(FIXED)
    lines = audit.lines()
    assert lines[-1] == audit.verdict == audit.as_json()["verdict"]
    assert sum(line.startswith("holds") for line in lines) == len(audit.as_json()["checks"])
