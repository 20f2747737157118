"""What is imported from `paywall` and `buyer` themselves, and what the wheel ships."""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest
from hatchling.builders.wheel import WheelBuilder

import buyer
import paywall
from tests.architecture.modules import PACKAGES, ROOT

FACES = pytest.mark.parametrize("face", [paywall, buyer], ids=lambda face: face.__name__)


def _typed_names(face: ModuleType) -> dict[str, str]:
    """Name → module, as a type checker reads them: from the imports under TYPE_CHECKING that are given on."""
    assert face.__file__ is not None
    tree = ast.parse(Path(face.__file__).read_text("utf-8"))
    return {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
        if alias.asname == alias.name
    }


@FACES
def test_every_public_name_resolves_to_what_its_own_module_defines(face: ModuleType) -> None:
    for name, home in face._HOMES.items():
        assert getattr(face, name) is getattr(importlib.import_module(home), name)
        assert getattr(face, name).__name__ == name
        assert getattr(face, name).__module__ == home, f"{name} is at home in another module"


@FACES
def test_a_type_checker_sees_the_names_that_a_program_gets(face: ModuleType) -> None:
    assert _typed_names(face) == face._HOMES


@FACES
def test_all_is_every_public_name(face: ModuleType) -> None:
    own = {"Paywall"} if face is paywall else set()
    assert sorted(face.__all__) == sorted({*face._HOMES, *own})


@FACES
def test_another_name_is_an_attribute_error_that_names_it(face: ModuleType) -> None:
    with pytest.raises(AttributeError, match="'Nothing'"):
        _ = face.Nothing


def test_the_wheel_holds_every_file_of_the_packages_and_says_that_they_are_typed() -> None:
    wheel = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not {"__pycache__", "node_modules"} & set(path.parts)
    }
    assert {f"{package}/py.typed" for package in PACKAGES} <= ours
    assert ours == wheel
