"""`make bench`: the whole benchmark; writes `results.json` beside this file, and says where it falls short."""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import click

from tests.bench.burns import SIZES, measure_burns
from tests.bench.drain import measure_drain
from tests.bench.flows import measure_postgres
from tests.bench.load import require_wrk
from tests.bench.pictures import measure_pictures
from tests.bench.report import Background, results, table
from tests.bench.reuse import TURNS, measure_reuse
from tests.bench.rounds import measure
from tests.bench.settled import measure_settled

RESULTS = Path(__file__).with_name("results.json")
SHORT_SIZES = {1: 2, 10: 2}
#: burns that wait, and posters
DRAINED, DRAWN = 10_000, 1_000
SETTLED_CALLS, SETTLED_USES = 200, 4_000
#: of the peak, the 402s beside them: at half of it, asked one by one, a server has no time left for anything beside
USUAL = 0.25


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@click.command()
@click.option("--seconds", default=4, help="The length of one run.")
@click.option("--rounds", default=5, help="How often every subject gets its turn.")
@click.option("--connections", default=16, help="How many requests are under way at once.")
@click.option("--growth", default=1_000_000, help="Redemptions in the database that has grown.")
@click.option("--short", is_flag=True, help="One round of a second and small batches; writes no file.")
def main(seconds: int, rounds: int, connections: int, growth: int, short: bool) -> None:
    """Measure the paywall against its peers, and what burns cost."""
    require_wrk()
    if short:
        seconds, rounds, growth = 1, 1, min(growth, 1000)
    # Beside the code and not under /tmp, which may be memory: there a commit would cost nothing.
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=RESULTS.parent) as name:
        folder = Path(name)
        terms = {"rounds": rounds, "connections": connections, "seconds": seconds, "growth": growth}
        measured = measure(folder, **terms, say=_say)
        _say("burning")
        burned = measure_burns(folder / "burns", SHORT_SIZES if short else SIZES)
        _say("redeeming on PostgreSQL")
        one, many = (
            measure_postgres(folder / f"accounts-{count}", accounts=count, seconds=seconds)
            for count in (1, 16)
        )
        rate = statistics.median(run.rate for run in measured.runs["paywall 402"]) * USUAL
        _say(f"draining burns beside {rate:,.0f} 402s a second")
        drained = measure_drain(folder / "drain", burns=DRAINED // 10 if short else DRAINED, rate=rate)
        _say("drawing posters")
        drawn = measure_pictures(folder / "pictures", posters=DRAWN // 100 if short else DRAWN, rate=rate)
        _say("using a receipt by the library and by plain httpx")
        reused = measure_reuse(folder / "reuse", turns=TURNS)
        _say("calls that are settled each, and credits")
        settled = measure_settled(
            folder / "settled",
            calls=20 if short else SETTLED_CALLS,
            uses=200 if short else SETTLED_USES,
            lovelace_each=burned[-1].fee,
        )
    background = Background(burned, drained, drawn, one, many, reused, settled)
    found = results(measured, background, terms)
    if not short:
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
