from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.acklab.acklab_buyer import AckLabBuyer, open_acklab_buyer


@pytest.fixture
def buyer(tmp_path: Path, hurry: None) -> Iterator[AckLabBuyer]:
    with open_acklab_buyer(tmp_path) as opened:
        yield opened
