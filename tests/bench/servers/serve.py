"""`python -m tests.bench.servers.serve SUBJECT --port N`: one subject in one process, as like as can be.

The peers run on uvicorn, which is how they are served; ours on its own server, as `paywall serve` runs it.
"""

from pathlib import Path

import click
import uvicorn
from starlette.types import ASGIApp

BACKLOG = 2048


def _app(subject: str) -> ASGIApp:
    """Each subject is imported alone, so that none pays for another."""
    match subject:
        case "bare":
            from tests.bench.servers import bare

            return bare.app()
        case "x402":
            from tests.bench.servers import peer_x402

            return peer_x402.app()
        case _:
            from tests.bench.servers import peer_mpp

            return peer_mpp.app()


def _priced(folder: Path, port: int) -> ASGIApp:
    from tests.bench.servers import priced

    return priced.app(folder, port)


@click.command()
@click.argument(
    "subject", type=click.Choice(["bare", "x402", "pympp", "ours", "every", "pictures", "priced"])
)
@click.option("--port", type=int, required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
def main(subject: str, port: int, folder: Path) -> None:
    """Serve until a signal."""
    if subject in {"ours", "every", "pictures"}:
        from tests.bench.servers import ours
        from tests.bench.servers.ours import ACK, EVERY

        ours.serve(folder, port, drawing=subject == "pictures", dialects=EVERY if subject == "every" else ACK)
        return
    uvicorn.run(
        _priced(folder, port) if subject == "priced" else _app(subject),
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
