"""One seller for all tests of a module that leave it as they found it, on a runner that lives as long."""

from collections.abc import Iterator

import pytest

from tests.support.processes.devnet import DevnetProcess
from tests.support.world.image_maker import PlainMaker
from tests.support.world.scenes.payment_scene import PaymentScene, open_payment_scene
from tests.support.world.scenes.scene import Scene, open_scene
from tests.support.world.scenes.stage import Stage, open_stage


@pytest.fixture(scope="module")
def stage(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(devnet, tmp_path_factory.mktemp("seller"), maker=PlainMaker()) as opened:
        yield opened


@pytest.fixture(scope="module")
def scene(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with open_scene(devnet, tmp_path_factory.mktemp("seller")) as opened:
        yield opened


@pytest.fixture(scope="module")
def paying(devnet: DevnetProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaymentScene]:
    with open_payment_scene(devnet, tmp_path_factory.mktemp("seller")) as opened:
        yield opened
