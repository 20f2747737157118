"""`make bench`: the whole benchmark; writes `results.json` beside this file, and says where it falls short."""

import json
import sys
import tempfile
from pathlib import Path

import click

from tests.bench.burns import SIZES, measure_burns
from tests.bench.load import require_wrk
from tests.bench.report import results, table
from tests.bench.rounds import measure

RESULTS = Path(__file__).with_name("results.json")
SHORT_SIZES = {1: 2, 10: 2}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.option("--seconds", default=4, help="The length of one run.")
@click.option("--rounds", default=5, help="How often every subject gets its turn.")
@click.option("--connections", default=16, help="How many requests are under way at once.")
@click.option("--short", is_flag=True, help="One round of a second and small batches; writes no file.")
def main(seconds: int, rounds: int, connections: int, short: bool) -> None:
    """Measure the paywall against its peers, and what burns cost."""
    require_wrk()
    if short:
        seconds, rounds = 1, 1
    # Beside the code and not under /tmp, which may be memory: there a commit would cost nothing.
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=RESULTS.parent) as name:
        folder = Path(name)
        terms = {"rounds": rounds, "connections": connections, "seconds": seconds}
        runs, rows = measure(folder, **terms, say=_say)
        _say("burning")
        burned = measure_burns(folder / "burns", SHORT_SIZES if short else SIZES)
    found = results(runs, rows, burned, terms)
    if not short:
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
