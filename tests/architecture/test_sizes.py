"""Files do one job and are short; functions are shorter; a folder is one room."""

import ast
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.modules import ROOT, files

MAX_FILE, MEDIAN_FILE, P90_FILE = 260, 120, 220
MAX_FUNCTION, MEDIAN_FUNCTION, P90_FUNCTION = 60, 8, 25
MAX_FOLDER = 14
#: the schema as it once was: a record, not code that is lived in
FIRST_SCHEMA = ROOT / "paywall" / "database" / "migrations" / "versions" / "0001_the_first_schema.py"
#: what the tests have to be read by
SUITES = ("tests/contract", "tests/support")


def _files() -> list[Path]:
    return [path for path in files() if path != FIRST_SCHEMA and path.name != "__init__.py"]


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_files_are_short() -> None:
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in _files()}
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > MAX_FILE} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_FILE
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= P90_FILE


def test_files_of_the_suites_and_of_what_they_stand_on_are_short() -> None:
    sizes = {path: len(path.read_text("utf-8").splitlines()) for path in files(*SUITES)}
    assert {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > MAX_FILE} == {}


def test_functions_are_short() -> None:
    sizes = dict(pair for path in _files() for pair in _functions(path))
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= P90_FUNCTION


def test_a_folder_holds_few_files() -> None:
    """When it grows past that, it is two rooms."""
    sizes = Counter(str(path.parent.relative_to(ROOT)) for path in _files())
    assert {folder: size for folder, size in sizes.items() if size > MAX_FOLDER} == {}
