import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "shared.cardano.draft",
        "shared.cardano.policy",
        "shared.cardano.fixed_supply",
        "shared.cardano.read.audit",
        "shared.cardano.read.fixed_guard",
        "shared.cardano.read.guard",
        "shared.cardano.read.transaction",
        "shared.chain.base",
    ],
)
def test_the_command_lines_stay_quick_because_nothing_heavy_is_imported(module: str) -> None:
    script = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"pycardano", "httpx", "asyncio", "pydantic"} & set(done.stdout.split())
