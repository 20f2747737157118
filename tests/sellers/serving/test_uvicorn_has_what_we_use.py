"""Our server stands on parts inside uvicorn: an upgrade that moved one says so here, by name, before it serves.

The lock pins the version. Whoever raises it runs this first, and reads the changes of `server.py` and
`protocols/http/httptools_impl.py`: what stays where it was may still do something else.
"""

import asyncio
import inspect
from importlib.metadata import version

import httptools
import pytest
import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

from tests.support.world.loop import in_loop

#: what `paywall/serving` calls, overrides or is called by → the parameters that it has
METHODS = {
    (HttpToolsProtocol, "__init__"): ["self", "config", "server_state", "app_state", "_loop"],
    (HttpToolsProtocol, "connection_made"): ["self", "transport"],
    (HttpToolsProtocol, "connection_lost"): ["self", "exc"],
    (HttpToolsProtocol, "data_received"): ["self", "data"],
    (HttpToolsProtocol, "on_message_begin"): ["self"],
    (HttpToolsProtocol, "on_header"): ["self", "name", "value"],
    (HttpToolsProtocol, "on_headers_complete"): ["self"],
    (HttpToolsProtocol, "on_message_complete"): ["self"],
    (HttpToolsProtocol, "on_response_complete"): ["self"],
    (HttpToolsProtocol, "pause_writing"): ["self"],
    (HttpToolsProtocol, "resume_writing"): ["self"],
    (HttpToolsProtocol, "shutdown"): ["self"],
    (HttpToolsProtocol, "_start_asgi_task"): ["self", "cycle", "app"],
    (FlowControl, "resume_reading"): ["self"],
    (Server, "__init__"): ["self", "config"],
    (Server, "serve"): ["self", "sockets"],
    (Server, "startup"): ["self", "sockets"],
    (Server, "shutdown"): ["self", "sockets"],
    (Server, "capture_signals"): ["self"],
}
#: attributes of each connection, of each request and of the server
CONNECTION = ("config", "server_state", "loop", "parser", "flow", "pipeline", "transport", "cycle")
CYCLE = (
    *("scope", "transport", "flow", "disconnected", "message_event", "on_response", "default_headers"),
    *("body", "more_body", "waiting_for_100_continue"),
    *("response_started", "response_complete", "keep_alive"),
)
SERVER = ("should_exit", "started", "server_state", "config")
STATE = ("connections", "tasks", "total_requests", "default_headers")


def moved(what: str) -> str:
    place = "adapt bounded_http.py or http_server.py"
    return f"uvicorn {version('uvicorn')} has no {what} as paywall/serving uses it: {place}"


@pytest.mark.parametrize(
    ("owner", "name"), METHODS, ids=[f"{owner.__name__}.{name}" for owner, name in METHODS]
)
def test_a_method_is_there_with_its_parameters(owner: type, name: str) -> None:
    what = f"{owner.__name__}.{name}({', '.join(METHODS[owner, name])})"
    assert hasattr(owner, name), moved(what)
    assert list(inspect.signature(getattr(owner, name)).parameters) == METHODS[owner, name], moved(what)


@in_loop
async def test_what_is_looked_at_is_there() -> None:
    config, state = Config(lambda scope: None, lifespan="off"), ServerState()
    connection = HttpToolsProtocol(config, state, {}, asyncio.get_running_loop())
    cycle = inspect.signature(RequestResponseCycle).parameters
    request = RequestResponseCycle(**dict.fromkeys(cycle, None))  # type: ignore[arg-type]  # only kept
    for owner, names in (
        (connection, CONNECTION),
        (request, CYCLE),
        (uvicorn.Server(config), SERVER),
        (state, STATE),
    ):
        for name in names:
            assert hasattr(owner, name), moved(f"{type(owner).__name__}.{name}")
    assert isinstance(connection.parser, httptools.HttpRequestParser), moved(
        "HttpToolsProtocol.parser of httptools"
    )
    assert isinstance(state.connections, set), moved("ServerState.connections, a set")


def test_a_stop_asks_each_connection_and_a_server_by_the_names_that_ours_have() -> None:
    source = inspect.getsource(Server.shutdown) + inspect.getsource(Server._wait_tasks_to_complete)
    for called in ("connection.shutdown()", "server.close()", "server.wait_closed()", "self.servers"):
        assert called in source, moved(f"Server.shutdown that calls {called}")
