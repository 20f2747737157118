from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.acklab.acklab_scene import AckLabScene, open_acklab_scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[AckLabScene]:
    with open_acklab_scene(tmp_path) as opened:
        yield opened
