"""The commands import pycardano without its clients of chain services: the same transactions, a quarter the time."""

import subprocess
import sys

import pytest

WHOLE = ""
LEAN = "from shared.cardano.lean import leave_backends_out; leave_backends_out()"
CASES = """
import sys
from tests.unit.cardano.make.test_cardano_bytes import CASES, signed
print(*(signed(case.draft()).id for case in CASES.values()))
print(*(case.id for case in CASES.values()))
print(*{name.partition(".")[0] for name in sys.modules})
"""


@pytest.mark.parametrize("first", [WHOLE, LEAN], ids=["whole", "lean"])
def test_every_known_transaction_is_made_alike_with_and_without_the_backends(first: str) -> None:
    script = f"import os\nos.environ['PYCARDANO_NO_TYPE_CHECK'] = '1'\n{first}\n{CASES}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    made, known, loaded = done.stdout.splitlines()
    assert made == known
    heavy = {"ogmios", "blockfrost", "requests"} & set(loaded.split())
    assert heavy == (set() if first == LEAN else {"ogmios", "blockfrost", "requests"})


def test_a_program_that_has_pycardano_already_keeps_it_whole() -> None:
    script = f"import pycardano\n{LEAN}\nprint(pycardano.BlockFrostChainContext.__name__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "BlockFrostChainContext"
