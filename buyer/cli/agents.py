"""`buyer mcp`: the wallet as tools for a model."""

import os
import secrets
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from buyer.cli.options import local

TOKEN_VARIABLE = "BUYER_MCP_TOKEN"  # noqa: S105  its name


@click.command(name="mcp")
@local
@click.option(
    "--max-price", help="The most for one purchase, like 0.50.  [default: what `buyer budget` allows]"
)
@click.option(
    "--out", default="images", type=click.Path(path_type=Path, file_okay=False), help="For pictures."
)
@click.option(
    "--http",
    "port",
    type=click.IntRange(1, 65535),
    help="Serve HTTP at 127.0.0.1:PORT/mcp, not stdio.",
)
def mcp_command(max_price: str | None, out: Path, port: int | None, **given: Any) -> int:
    """Serve the wallet as tools of the Model Context Protocol: to a model, within the budget.

    Over HTTP each request shows a token, which stands in BUYER_MCP_TOKEN or is printed at start. Needs the extra
    `mcp`: pip install 'paywall[mcp]'.

    \b
    Example, for an agent's configuration:
      {"command": "buyer", "args": ["mcp"], "env": {"BUYER_WALLET": "wallet.db"}}
    """
    from buyer.cli.commands import Commands, budget_of
    from buyer.cli.progress import PlainProgress
    from buyer.errors import UsageError

    try:
        from buyer.mcp.mcp_server import Guarded, server_of
        from buyer.mcp.tools import WalletTools
    except ImportError as error:
        hint = "pip install 'paywall[mcp]'"
        raise UsageError("extra_missing", f"`buyer mcp` needs the extra mcp: {error}", hint=hint) from error
    commands = Commands(
        given["seller"], given["wallet"], PlainProgress(verbose=False), os.environ, given["passphrase_fd"]
    )
    price = max_price if max_price is None or " " in max_price else f"{max_price} USD"
    with closing(commands.unlock()) as wallet:
        tools = WalletTools(wallet, budget_of(price, wallet), given["seller"], out)
        server = server_of(tools)
        if port is None:
            server.run("stdio")
            return 0
        import uvicorn

        token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
        if TOKEN_VARIABLE not in os.environ:
            click.echo(f"token: {token}", err=True)
        app = Guarded(server.streamable_http_app(json_response=True, stateless_http=True), token)
        uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
    return 0
