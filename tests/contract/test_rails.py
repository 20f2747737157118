"""The contract of the rails: every room in paywall/rails is found by itself and put through it.

A rail comes with a recorded exchange, `rails/<rail>.json`: prices and their quotes, evidence and payments with
what the outside answered and what the rail must say. The answers were recorded from the real thing (for
`cardano` from the devnet, by `rails/record_cardano.py`, for `usdc` from an EVM and PyPI `x402`'s facilitator) and are
played back by a twin that knows nothing else.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import paywall.rails
from paywall.errors import PaywallError
from paywall.rails import registry
from paywall.rails.base import Pending, Rail, RailOutcome, StoredPayment, Watched
from shared.dialects.base import StoredRequest
from shared.keys import PublicKey
from shared.money import Money
from shared.tokens import prt
from tests.contract.rails.spelling import read_evidence, spelled_outcome, spelled_payment
from tests.contract.rails.ways import WAYS, Broken, Twin

FOLDER = Path(__file__).parent / "rails"
RAILS = registry.rooms()
NOTHING = Broken()
Case = dict[str, Any]


def recorded(rail: str) -> Case:
    path = FOLDER / f"{rail}.json"
    assert path.exists(), (
        f"paywall/rails/{rail} has no recorded exchange: record it into tests/contract/rails/{rail}.json "
        "(record_cardano.py there shows how) and tell tests/contract/rails/ways.py in WAYS how to open the rail."
    )
    record: Case = json.loads(path.read_text("utf-8"))
    return record


def cases(part: str) -> list[Any]:
    """(rail, name of the case) for every recorded case; a rail without a record has none, and fails elsewhere."""
    rails = [rail for rail in RAILS if (FOLDER / f"{rail}.json").exists()]
    return [
        pytest.param(rail, case["name"], id=f"{rail}: {case['name']}")
        for rail in rails
        for case in recorded(rail).get(part, ())
    ]


#: (part, rail, name) of every look at a payment: to settle it, or to see whether it stands
LOOKS = [
    pytest.param(part, *case.values, id=f"{part} {case.id}")
    for part in ("settles", "watches")
    for case in cases(part)
]


def case_of(rail: str, part: str, name: str) -> Case:
    found: Case = next(case for case in recorded(rail)[part] if case["name"] == name)
    return found


@pytest.mark.parametrize("rail", RAILS)
def test_a_rail_has_a_recorded_exchange_that_goes_through_every_outcome(rail: str) -> None:
    record = recorded(rail)
    assert rail in WAYS, f"tests/contract/rails/ways.py does not know in WAYS how to open the rail {rail}."
    assert {case["expected"]["outcome"] for case in record["settles"]} == WAYS[rail].outcomes
    checked = [case["expected"] for case in record["checks"]]
    assert any("payment" in told for told in checked)
    assert {told.get("error") for told in checked} >= {"payment_mismatch", "claim_invalid", "unavailable"}


@pytest.mark.parametrize("rail", RAILS)
def test_a_rail_whose_payments_can_be_undone_has_a_record_of_that(rail: str) -> None:
    opened, _ = open_rail(rail)
    seen = {case["expected"]["outcome"] for case in recorded(rail).get("watches", ())}
    assert seen == ({"Settled", "Pending", "Failed"} if isinstance(opened, Watched) else set())


@pytest.mark.parametrize("rail", RAILS)
def test_a_rail_is_named_for_its_room(rail: str) -> None:
    opened, _ = open_rail(rail)
    option = opened.quote(Money.parse("3.00 USD"))
    assert (opened.id, opened.describe()["id"], option.id) == (rail, rail, rail)
    json.dumps(opened.describe())


@pytest.mark.parametrize("rail", RAILS)
def test_a_quote_is_what_the_definition_says(rail: str) -> None:
    for case in recorded(rail)["quotes"]:
        opened, chain = open_rail(rail, case["terms"])
        option = opened.quote(Money.parse(case["price"]))
        assert option.amount == case["amount"], case
        assert chain.asked == []


@pytest.mark.parametrize("rail", RAILS)
@settings(max_examples=200, deadline=None)
@given(cents=st.integers(1, 10**12), rate=st.integers(1, 10**6))
def test_a_quote_is_pure_positive_and_rounded_up(rail: str, cents: int, rate: int) -> None:
    """The seller never gets less than the price, and less than one minor unit more."""
    rate = WAYS[rail].rate or rate
    opened, chain = open_rail(rail, {"rate": str(Money(rate, "USD", 2))})
    option = opened.quote(Money(cents, "USD", 2))
    assert option == opened.quote(Money(cents, "USD", 2))
    assert option.amount > 0
    assert option.amount * rate >= cents * 10**option.decimals
    assert (option.amount - 1) * rate < cents * 10**option.decimals
    assert chain.asked == []


@pytest.mark.parametrize(("rail", "name"), cases("checks"))
def test_a_check_says_what_was_recorded_and_changes_nothing(rail: str, name: str) -> None:
    case = case_of(rail, "checks", name)
    opened, chain = open_rail(rail, now=case["now"], answers=case["chain"])
    first, second = (asyncio.run(check(rail, opened, case)) for _ in range(2))
    assert first == second == case["expected"]
    assert not [question for question in chain.asked if question.startswith(WAYS[rail].changing)]


@pytest.mark.parametrize(("rail", "name"), cases("checks"))
def test_a_check_that_gets_no_answer_neither_proves_nor_refuses(rail: str, name: str) -> None:
    case = case_of(rail, "checks", name)
    for fault in WAYS[rail].faults:
        opened, chain = open_rail(rail, now=case["now"], answers=case["chain"], broken=fault)
        told = asyncio.run(check(rail, opened, case))
        hit = any(question.split()[0] == fault.kind for question in chain.asked)
        assert told == ({"error": "unavailable"} if hit else case["expected"])


@pytest.mark.parametrize(("part", "rail", "name"), LOOKS)
def test_a_look_says_what_was_recorded_and_may_be_repeated(part: str, rail: str, name: str) -> None:
    case = case_of(rail, part, name)
    opened, _ = open_rail(rail, answers=case["chain"])
    outcomes = [asyncio.run(look(part, opened, case)) for _ in range(3)]
    assert [spelled_outcome(outcome) for outcome in outcomes] == [case["expected"]] * 3


@pytest.mark.parametrize(("part", "rail", "name"), LOOKS)
def test_what_is_not_known_is_pending_and_never_failed(part: str, rail: str, name: str) -> None:
    """Whichever question goes unanswered: a payment that may have happened is not given up."""
    case = case_of(rail, part, name)
    for fault in WAYS[rail].faults:
        opened, chain = open_rail(rail, answers=case["chain"], broken=fault)
        outcome = asyncio.run(look(part, opened, case))
        if any(question.split()[0] == fault.kind for question in chain.asked):
            assert isinstance(outcome, Pending), fault
        else:
            assert spelled_outcome(outcome) == case["expected"]


@pytest.mark.parametrize(("rail", "name"), cases("settles"))
def test_what_a_receipt_says_of_a_payment_is_text_and_asks_nobody(rail: str, name: str) -> None:
    payment = StoredPayment(**case_of(rail, "settles", name)["payment"])
    opened, chain = open_rail(rail)
    said = opened.receipt_metadata(payment)
    assert payment.external_id in said.values()
    assert all(isinstance(value, str) for value in said.values())
    assert chain.asked == []


def test_a_room_without_a_recorded_exchange_fails_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "voucher"
    room.mkdir()
    (room / "__init__.py").touch()
    monkeypatch.setattr(paywall.rails, "__path__", [*paywall.rails.__path__, str(tmp_path)])
    (new,) = set(registry.rooms()) - set(RAILS)
    with pytest.raises(AssertionError, match="paywall/rails/voucher has no recorded exchange"):
        test_a_rail_has_a_recorded_exchange_that_goes_through_every_outcome(new)


@pytest.mark.parametrize(
    "rail", [rail for rail in RAILS if rail not in WAYS or "Failed" in WAYS[rail].outcomes]
)
def test_a_lost_payment_is_pending_until_it_can_no_longer_land(rail: str) -> None:
    in_order = [case["expected"]["outcome"] for case in recorded(rail)["settles"] if "lost" in case["name"]]
    assert in_order == sorted(in_order, key=["Pending", "Failed"].index)
    assert set(in_order) == {"Pending", "Failed"}


def open_rail(
    rail: str,
    terms: Case | None = None,
    *,
    now: int = 0,
    answers: Case | None = None,
    broken: Broken = NOTHING,
) -> tuple[Rail, Twin]:
    return WAYS[rail].open({**recorded(rail)["terms"], **(terms or {})}, answers or {}, broken, now)


async def check(rail: str, opened: Rail, case: Case) -> Case:
    evidence = read_evidence(case["evidence"])
    seller, token = recorded(rail)["seller"], evidence.payment_request_token
    request = prt.verify(token, [PublicKey.from_did_key(seller)], issuer=seller, now=None)
    try:
        checked = await opened.check(StoredRequest(token, request), evidence)
    except PaywallError as error:
        return {"error": error.code}
    assert opened.external_id(evidence) == checked.external_id
    return {"payment": spelled_payment(checked)}


async def look(part: str, opened: Rail, case: Case) -> RailOutcome:
    payment = StoredPayment(**case["payment"])
    if part == "settles":
        return await opened.settle(payment)
    assert isinstance(opened, Watched)
    return await opened.watch(payment)
