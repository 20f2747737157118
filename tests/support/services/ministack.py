"""AWS KMS on loopback: PyPI `ministack` in a subprocess, for tests of keys in KMS."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes.seller import free_port

START_SECONDS = 30


class Ministack:
    """A running one. `environment` is what AWS's own tools, and ours, find it by."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.environment = {
            "AWS_ENDPOINT_URL_KMS": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # it ships no types

        return boto3.client("kms", endpoint_url=self.environment["AWS_ENDPOINT_URL_KMS"])

    def create_key(self, spec: str = "ECC_NIST_EDWARDS25519") -> str:
        """The new key's ARN. `environment` must be set."""
        answer = self.client().create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
        return str(answer["KeyMetadata"]["Arn"])

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


@contextmanager
def running_ministack(folder: Path) -> Iterator[Ministack]:
    port = free_port()
    environment = {
        **os.environ,
        # Its defaults listen on every address, and on a second port.
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": "kms",
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    service = Ministack(port, process)
    try:
        _wait(process, port, folder)
        yield service
    finally:
        service.stop()


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)  # it gives no event to await before it listens
        else:
            return
    raise AssertionError(f"ministack does not listen:\n{(folder / 'ministack.log').read_text()}")
