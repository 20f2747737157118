"""The Blockfrost client keeps its connection."""

import asyncio

import httpx

from shared.chain.blockfrost import Blockfrost
from tests.support.processes.devnet import DevnetProcess

NEVER = "ab" * 32


def test_one_connection_serves_many_calls(devnet: DevnetProcess) -> None:
    opened = []

    class Counting(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            async def trace(event: str, _: object) -> None:
                if event == "connection.connect_tcp.complete":
                    opened.append(event)

            request.extensions["trace"] = trace
            return await super().handle_async_request(request)

    async def told() -> None:
        chain = Blockfrost(devnet.url, transport=Counting())
        for _ in range(5):
            await chain.tip()
            await chain.parameters()
        await chain.aclose()

    asyncio.run(told())
    assert len(opened) == 1
