"""npm `aimock`: somebody else's fake of OpenAI's API, in a process of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.services import openai_images as fake
from tests.support.services.npm_tools import npm
from tests.support.services.pictures import PNG


def _fixture(text: str, response: dict[str, object], **more: object) -> dict[str, object]:
    return {"match": {"endpoint": "image", "userMessage": text}, "response": response, **more}


def _error(text: str, status: int, code: str) -> dict[str, object]:
    return _fixture(text, {"status": status, "error": {"message": "no", "type": "t", "code": code}})


#: what it answers to prompts that hold these words
FIXTURES = [
    _fixture("Abraham Lincoln", {"image": {"b64Json": PNG}}),
    _fixture("lighthouse", {"image": {"b64Json": PNG}}),
    _error("forbidden", 400, "moderation_blocked"),
    _error("hurried", 429, "rate_limit_exceeded"),
    _error("broken", 500, "server_error"),
    _fixture("malformed", {"image": {"b64Json": PNG}}, chaos={"malformedRate": 1.0}),
    _fixture("disconnected", {"image": {"b64Json": PNG}}, chaos={"disconnectRate": 1.0}),
]


@contextmanager
def running_aimock(folder: Path) -> Iterator[str]:
    """Its base URL."""
    fixtures = folder / "images.json"
    fixtures.write_text(json.dumps({"fixtures": FIXTURES}), "utf-8")
    installed = npm()
    program = installed.folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    process = subprocess.Popen(
        [installed.node, program, "--port", "0", "--fixtures", fixtures, "--strict"],
        env={**os.environ, "AIMOCK_API_KEYS": fake.KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield next(line.split()[-1] for line in process.stdout if "listening on" in line) + "/v1"
    finally:
        process.kill()
        process.communicate()
