"""`paywall proxy`: the web server with a service of any language behind it."""

import tomllib
from pathlib import Path

import uvloop

from paywall.cli.serving import serve_app
from paywall.errors import SetupError
from paywall.ops.logs import start_logging
from paywall.proxy.app import Proxy
from paywall.proxy.config import read_config
from paywall.proxy.upstream import Upstream
from paywall.settings import Settings


def proxy(settings: Settings, upstream: str, config: Path, *, seconds: float) -> None:
    """Until a signal. Errors: SetupError."""
    try:
        document = tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SetupError(f"{config} cannot be read: {error}") from error
    start_logging(settings.log)
    uvloop.run(_proxy(settings, upstream, document, seconds))


async def _proxy(settings: Settings, upstream: str, document: dict[str, object], seconds: float) -> None:
    behind = Upstream(upstream, seconds=seconds)
    app = Proxy(settings, read_config(document), behind)
    try:
        await serve_app(app.paywall, app, settings)
    finally:
        await behind.aclose()
