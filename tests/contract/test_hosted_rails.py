"""The contract of the rails that instruct their payers: the same record as `test_rails.py`, and its `prepares`."""

import asyncio
from dataclasses import asdict

import pytest

from paywall.errors import PaywallError
from paywall.rails.base import Hosted, Rail
from shared.dialects.base import StoredRequest
from shared.keys import PublicKey
from shared.tokens import prt
from tests.contract.rails.ways import WAYS
from tests.contract.test_rails import NOTHING, RAILS, Case, case_of, cases, open_rail, recorded


@pytest.mark.parametrize("rail", RAILS)
def test_a_rail_that_instructs_its_payers_has_a_record_of_that(rail: str) -> None:
    opened, _ = open_rail(rail)
    told = [case["expected"] for case in recorded(rail).get("prepares", ())]
    assert any("instructions" in one for one in told) == isinstance(opened, Hosted)
    assert any(one.get("error") == "unavailable" for one in told) == isinstance(opened, Hosted)


@pytest.mark.parametrize(("rail", "name"), cases("prepares"))
def test_instructions_are_those_that_were_recorded_or_there_are_none(rail: str, name: str) -> None:
    case = case_of(rail, "prepares", name)
    for fault in (NOTHING, *WAYS[rail].faults):
        opened, chain = open_rail(rail, answers=case["chain"], broken=fault)
        told = asyncio.run(prepare(rail, opened, case))
        hit = any(question.split()[0] == fault.kind for question in chain.asked)
        assert told == ({"error": "unavailable"} if hit else case["expected"])


async def prepare(rail: str, opened: Rail, case: Case) -> Case:
    assert isinstance(opened, Hosted)
    seller = recorded(rail)["seller"]
    request = prt.verify(case["token"], [PublicKey.from_did_key(seller)], issuer=seller, now=None)
    try:
        return {"instructions": asdict(await opened.prepare(StoredRequest(case["token"], request)))}
    except PaywallError as error:
        return {"error": error.code}
