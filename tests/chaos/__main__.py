"""`python -m tests.chaos [--cycles N] [--jobs J] [--seed S]`: worlds, until enough was done; figures and RESULTS.md."""

import os

import click


@click.command()
@click.option(
    "--cycles",
    default=60,
    show_default=True,
    help="Kills −9, each with a restart; rollbacks; unknown submits.",
)
@click.option("--jobs", default=os.cpu_count() or 1, help="Worlds at once.")
@click.option("--seed", type=int, help="Repeats the choices of a run that printed it.")
@click.option("--only", default="", help="One kind of world: SQLite, PostgreSQL …")
@click.option("--write/--no-write", default=True, help="Keep the figures in tests/chaos/RESULTS.md.")
def main(*, cycles: int, jobs: int, seed: int | None, only: str, write: bool) -> None:
    """Exit status 1 when a promise was broken."""
    from tests.chaos.runs.run import run

    raise SystemExit(run(cycles=cycles, jobs=jobs, seed=seed, only=only, write=write))


if __name__ == "__main__":
    main()
