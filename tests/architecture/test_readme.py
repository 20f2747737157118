"""README lists what there is: every setting with its default, every error code; its apps can be made."""

import re
from pathlib import Path

import pytest

from paywall.environment import variables
from paywall.errors import PaywallError
from tests.architecture.modules import ROOT, within

README = (ROOT / "README.md").read_text("utf-8")
ROW = re.compile(r"^\| `(?P<name>[A-Z_]+)` \| (?P<default>[^|]*) \|", re.MULTILINE)
SHOPS = [code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "\napp = " in code]


def test_every_setting_is_listed_with_its_default() -> None:
    listed = {row["name"]: row["default"].strip().strip("`") for row in ROW.finditer(README)}
    seller = {name: text for name, text in listed.items() if not name.startswith("BUYER_")}
    assert seller == {name: str(default) for name, (_, default) in variables().items()}


def test_every_error_code_is_listed() -> None:
    def codes(error: type[PaywallError]) -> set[str]:
        return {error.code}.union(*(codes(child) for child in error.__subclasses__()))

    missing = [code for code in sorted(codes(PaywallError) - {"setup_error"}) if f"`{code}`" not in README]
    assert missing == []


def test_the_error_tree_in_the_docstring_is_the_tree() -> None:
    import paywall.errors

    def walk(error: type[PaywallError]) -> set[tuple[str, str]]:
        # A resource draws its own.
        drawn_here = "code" in vars(error) and within(error.__module__, "paywall.errors")
        own = {(error.__name__, error.code)} if drawn_here else set()
        return own.union(*(walk(child) for child in error.__subclasses__()))

    drawn = re.compile(r"[├└]── (\w+) +\d{3} (\w+)").findall(paywall.errors.__doc__ or "")
    expected = walk(PaywallError) - {("PaywallError", "internal_fault"), ("SetupError", "setup_error")}
    assert set(drawn) == expected | {("InternalFault", "internal_fault")}


@pytest.mark.parametrize("app", SHOPS, ids=lambda code: code.splitlines()[0])
def test_an_app_in_the_readme_can_be_made(app: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `uvicorn module:app` makes it; nothing runs before its lifespan."""
    monkeypatch.chdir(tmp_path)
    module: dict[str, object] = {}
    exec(compile(app, "README.md", "exec"), module)
    assert callable(module["app"])
    assert list(tmp_path.iterdir()) == []
