"""A use by the buyer's library beside the same call by plain httpx, at a server as `paywall serve` runs it."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench.process import LOAD_CORE, free_port, pinned, served
from tests.bench.reusing import Reused, Turn
from tests.bench.servers import ours

TURNS, USES = 10, 200


def measure_reuse(folder: Path, *, turns: int = TURNS, uses: int = USES) -> Reused:
    """With a wallet and a database in `folder`, on its disk."""
    folder.mkdir()
    port = free_port()
    bought = ours.buy(folder, port)
    (folder / "receipt.txt").write_text(f"{bought.receipt} {bought.seed.hex()}")
    with served("ours", folder, port) as server:
        terms = [str(folder), server.url, "--turns", str(turns), "--uses", str(uses)]
        command = [*pinned(LOAD_CORE), sys.executable, "-m", "tests.bench.reusing", *terms]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return Reused(
        [Turn(**one) for one in told["library"]], [Turn(**one) for one in told["plain"]], told["fsync"]
    )


def reuse_entry(reused: Reused) -> dict[str, float]:
    """Medians over the turns; the ratios are of turns that follow one another."""
    pairs = list(zip(reused.library, reused.plain, strict=True))
    figures = {
        "library_wall_us": [one.wall for one in reused.library],
        "plain_wall_us": [one.wall for one in reused.plain],
        "library_cpu_us": [one.cpu for one in reused.library],
        "plain_cpu_us": [one.cpu for one in reused.plain],
        "fsync_us": reused.fsync,
    }
    ratios = {"ratio": [a.wall / b.wall for a, b in pairs], "cpu_ratio": [a.cpu / b.cpu for a, b in pairs]}
    return {name: round(statistics.median(of), 1) for name, of in figures.items()} | {
        name: round(statistics.median(of), 2) for name, of in ratios.items()
    }
