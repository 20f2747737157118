"""The examples that buy: an agent loop with a model that is scripted, and a step of a CI job."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.architecture.modules import ROOT
from tests.e2e.buying import Buyer
from tests.support.processes.devnet import DevnetProcess
from tests.support.processes.seller import SellerProcess

EXAMPLES = ROOT / "examples"
PNG = b"\x89PNG\r\n\x1a\n"
#: what the model says, one after the other: the tool and its arguments
SAYS: list[tuple[str, dict[str, Any]]] = [
    ("quote", {"credits": 3}),
    ("buy", {"credits": 3}),
    ("buy", {"credits": 1}),
    ("draw", {"name": "Abraham Lincoln"}),
]


class Model(BaseHTTPRequestHandler):
    """A model by OpenAI's chat completions, as PyPI `openai` asks and reads them: its answers are scripted."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)  # type: ignore[attr-defined]
        step = sum(message["role"] == "tool" for message in asked["messages"])
        message: dict[str, Any] = {"role": "assistant", "content": "Done."}
        if step < len(SAYS):
            name, arguments = SAYS[step]
            function = {"name": name, "arguments": json.dumps(arguments)}
            call = {"id": f"call-{step}", "type": "function", "function": function}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        body = json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": asked["model"],
                "choices": [choice],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def model() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        server.asked = []  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def buyer(tmp_path: Path) -> Iterator[Buyer]:
    with (
        DevnetProcess(block_seconds=0.5) as devnet,
        SellerProcess(devnet, tmp_path / "seller") as seller,
    ):
        yield Buyer(seller, tmp_path / "buyer", devnet)


def test_a_model_buys_within_the_budget_and_is_told_when_it_is_over(
    buyer: Buyer, model: ThreadingHTTPServer
) -> None:
    environment = buyer.environment | {
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model.server_port}/v1",
    }
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "agent_loop.py"), "Draw Abraham Lincoln."],
        cwd=buyer.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Done.\n"), done.stderr
    told = [
        json.loads(message["content"])
        for message in model.asked[-1]["messages"]  # type: ignore[attr-defined]
        if message["role"] == "tool"
    ]
    assert told[1]["ask_your_human"] is True  # three dollars are over its two
    assert told[2]["paid"] == "1.00 USD"
    assert told[3]["credits_left"] == 0
    assert (buyer.folder / told[3]["file"]).read_bytes().startswith(PNG)
    assert {one["function"]["name"] for one in model.asked[0]["tools"]} == {"quote", "buy", "draw"}  # type: ignore[attr-defined]


def test_a_step_of_a_ci_job_buys_once_however_often_it_is_run(buyer: Buyer) -> None:
    bin_folder = str(Path(sys.executable).parent)
    environment = buyer.environment | {"PATH": f"{bin_folder}:{buyer.environment['PATH']}"}
    done = subprocess.run(
        ["sh", str(EXAMPLES / "ci_job.sh"), "release"],
        cwd=buyer.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    bought = json.loads((buyer.folder / "bought.json").read_text())
    (picture,) = (buyer.folder / "release").iterdir()
    assert picture.read_bytes().startswith(PNG)
    assert bought
    assert len(json.loads((buyer.folder / "history.json").read_text())["purchases"]) == 1
