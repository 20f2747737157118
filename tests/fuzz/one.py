"""`python -m tests.fuzz.one NAME --runs N --seed S`: one reader under atheris, in a process of its own.

libFuzzer ends its process when it is done or has found a fault. Exit code 0: all runs, and no fault.
"""

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # it ships no types
import click

#: what readers are written in: only there does new coverage lead anywhere
INSTRUMENTED = ["shared", "buyer"]


def _corpus(folder: Path, samples: tuple[bytes, ...]) -> None:
    for number, sample in enumerate(samples):
        (folder / str(number)).write_bytes(sample)


@click.command()
@click.argument("name")
@click.option("--runs", type=click.IntRange(1), required=True)
@click.option("--seed", type=click.IntRange(1), required=True)
@click.option("--longest", default=16_384, help="Bytes of an input at most.")
def main(name: str, runs: int, seed: int, longest: int) -> None:
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.judging import judge
        from tests.fuzz.mutating import mutated
        from tests.fuzz.planted import planted
        from tests.fuzz.readers import readers
    reader = {**readers(), **planted()}[name]

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        kept = mutated(reader.form, data, seed) if reader.form and seed % 2 else None
        return kept if kept is not None and len(kept) <= longest else bytes(atheris.Mutate(data, longest))

    with tempfile.TemporaryDirectory() as corpus:
        _corpus(Path(corpus), reader.samples)
        options = [f"-runs={runs}", f"-seed={seed}", f"-max_len={longest}", "-rss_limit_mb=2048"]
        quiet = ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={corpus}/"]
        arguments = [sys.argv[0], *options, *quiet, corpus]
        atheris.Setup(arguments, lambda data: judge(reader, data), custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
