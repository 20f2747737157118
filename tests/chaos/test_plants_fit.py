"""Every planted fault still fits the source: without a process, so that it is seen at once when code has changed."""

import ast
from dataclasses import replace

import pytest

from tests.chaos.planted import PLANTS, PlantDoesNotFit, patched
from tests.chaos.plants.base import Edit
from tests.chaos.runs.scenarios import SCENARIOS

PLANT = PLANTS["a capture is not posted"]


@pytest.mark.parametrize("name", PLANTS)
def test_a_plant_fits_the_source_of_its_module(name: str) -> None:
    for source in patched(PLANTS[name]).values():
        ast.parse(source)
    assert PLANTS[name].scenario in SCENARIOS


@pytest.mark.parametrize("name", PLANTS)
def test_every_edit_of_a_plant_is_needed_and_changes_its_module(name: str) -> None:
    plant = PLANTS[name]
    whole = patched(plant)
    for edit in plant.edits:
        others = tuple(other for other in plant.edits if other is not edit)
        assert patched(replace(plant, edits=others)) != whole


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (Edit("nowhere", "    return None\n", ""), "0 functions nowhere"),
        (Edit("move", "    this never stood there\n", ""), "does not have this once"),
        (Edit("open_account", "    post(tx, account_id, transfer, now)\n", ""), "does not have this once"),
    ],
    ids=["no such function", "no such line", "in another function"],
)
def test_a_plant_that_does_not_fit_says_so(edit: Edit, why: str) -> None:
    with pytest.raises(PlantDoesNotFit, match=why):
        patched(replace(PLANT, edits=(edit,)))


def test_a_plant_in_a_module_that_is_gone_says_so() -> None:
    with pytest.raises(PlantDoesNotFit, match="no module"):
        patched(replace(PLANT, module="paywall.burns.burning"))
