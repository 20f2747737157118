"""One seller for USDC for the tests of a module; a test makes the look-ups that it wants, none waits for more."""

from collections.abc import Iterator

import pytest

from paywall.web.payments.by_header import PaymentsByHeader
from tests.support.evm.usdc_payer import UsdcPayer
from tests.support.evm.usdc_scene import UsdcScene, open_usdc_scene


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PaymentsByHeader, "patience", 0.0)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UsdcScene]:
    with open_usdc_scene(tmp_path_factory.mktemp("seller")) as opened:
        yield opened


@pytest.fixture
def client(scene: UsdcScene) -> UsdcPayer:
    scene.facilitator.settle_fault = scene.facilitator.verify_fault = ""
    scene.facilitator.let_go.clear()
    return UsdcPayer(scene)
