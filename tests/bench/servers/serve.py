"""`python -m tests.bench.servers.serve SUBJECT --port N`: one subject in one uvicorn worker, as like as can be."""

from pathlib import Path

import click
import uvicorn
from starlette.types import ASGIApp

BACKLOG = 2048


def _app(subject: str, port: int, folder: Path) -> ASGIApp:
    """Each subject is imported alone, so that none pays for another."""
    match subject:
        case "bare":
            from tests.bench.servers import bare

            return bare.app()
        case "x402":
            from tests.bench.servers import peer_x402

            return peer_x402.app()
        case "pympp":
            from tests.bench.servers import peer_mpp

            return peer_mpp.app()
        case _:
            from tests.bench.servers import ours

            return ours.app(folder, port)


@click.command()
@click.argument("subject", type=click.Choice(["bare", "x402", "pympp", "ours"]))
@click.option("--port", type=int, required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
def main(subject: str, port: int, folder: Path) -> None:
    """Serve until a signal."""
    uvicorn.run(
        _app(subject, port, folder),
        host="127.0.0.1",
        port=port,
        backlog=BACKLOG,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
