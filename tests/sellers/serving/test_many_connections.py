"""How many connections there may be, and who goes when there is no room for another."""

import asyncio
import logging

import pytest

from paywall.cli.serving import _warn_of_unseen_clients
from paywall.limits.networks import TrustedProxies, client_at
from paywall.limits.settings import LimitSettings
from paywall.serving.connections import Connections
from paywall.serving.settings import PER_ADDRESS, ServingSettings
from paywall.settings import Settings
from tests.support.hostile.bounded import Bounded, Line, bounded
from tests.support.world.loop import in_server_loop


async def silent(at: Bounded, count: int, address: str = "127.0.0.1") -> list[Line]:
    """Connections that say nothing, each counted before the next comes."""
    lines = []
    for _ in range(count):
        before = at.server.server_state.connections.copy()
        lines.append(await at.line(address))
        while at.server.server_state.connections <= before:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0)
    return lines


@in_server_loop
async def test_silence_shuts_nobody_out_and_the_longest_silence_ends_first() -> None:
    async with bounded(most=10) as at:
        lines = await silent(at, 10)
        newcomer = await at.line()
        assert await newcomer.ask() == b"here"
        assert await lines[0].rest() == b""
        assert await lines[1].ask() == b"here"


@pytest.mark.parametrize(
    "half", [b"G", b"GET / HTTP/1.1\r\nx: y\r\n", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf"]
)
@in_server_loop
async def test_half_requests_shut_nobody_out(half: bytes) -> None:
    async with bounded(most=10) as at:
        for line in await silent(at, 10):
            await line.say(half)
        for _ in range(15):
            line = await at.line()
            assert await line.ask() == b"here"


@in_server_loop
async def test_a_request_that_is_under_way_is_never_cut_for_another() -> None:
    async with bounded(most=3) as at:
        busy = [await at.line() for _ in range(3)]
        answers = [asyncio.create_task(line.ask("/held")) for line in busy]
        while len(at.server.server_state.tasks) < 3:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0)
        assert await (await at.line()).rest() == b""
        at.app.answer.set()
        assert await asyncio.gather(*answers) == [b"here"] * 3


@in_server_loop
async def test_answers_that_nobody_reads_shut_nobody_out() -> None:
    async with bounded(most=3) as at:
        deaf = [await at.line() for _ in range(3)]
        for line in deaf:
            await line.say(b"GET /large HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n")
        while at.server.server_state.total_requests < 3:  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(0)
        newcomer = await at.line()
        assert await newcomer.ask() == b"here"


@in_server_loop
async def test_an_address_makes_room_for_itself_and_takes_none_from_others() -> None:
    async with bounded(connections_per_address=4) as at:
        other = (await silent(at, 1, "127.0.0.2"))[0]
        lines = await silent(at, 4)
        assert await (await at.line()).ask() == b"here"
        assert await lines[0].rest() == b""
        assert await other.ask() == b"here"


@in_server_loop
async def test_who_holds_most_makes_room_before_those_that_hold_one() -> None:
    async with bounded(most=10) as at:
        first = (await silent(at, 1, "127.0.0.2"))[0]
        flood = await silent(at, 9)
        await silent(at, 1)
        assert await flood[0].rest() == b""
        assert await first.ask() == b"here"


@in_server_loop
async def test_a_trusted_proxy_has_no_limit_of_its_own() -> None:
    async with bounded(connections_per_address=2, proxies="127.0.0.0/30") as at:
        lines = await silent(at, 5, "127.0.0.1")
        assert [await line.ask() for line in lines] == [b"here"] * 5
        counted = await silent(at, 3, "127.0.0.9")
        assert await counted[0].rest() == b""


@in_server_loop
async def test_what_is_turned_away_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "paywall.serving"):
        async with bounded(most=2) as at:
            await silent(at, 30)
            while not caplog.messages:  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.1)
    assert caplog.messages == ["no room: 0 connections were refused and 28 silent ones cut; 2 are open"]


def test_strangers_of_one_64_have_together_what_one_address_has_and_loopback_has_all() -> None:
    connections = Connections(ServingSettings(), 1000, TrustedProxies("").__contains__, client_at)
    admitted = [connections.admit(f"2001:db8::{n:x}:1") for n in range(PER_ADDRESS + 1)]
    assert [share is None for share in admitted] == [False] * PER_ADDRESS + [True]
    assert connections.admit("2001:db8:0:1::1") is not None
    assert None not in [connections.admit("::1") for _ in range(1000 - PER_ADDRESS - 1)]
    assert connections.admit("::1") is None


@pytest.mark.parametrize(("descriptors", "most"), [(20_000, 4000), (1024, 824), (256, 128)])
def test_some_descriptors_are_always_left_for_the_rest(descriptors: int, most: int) -> None:
    assert ServingSettings().most(descriptors) == most
    assert ServingSettings(connections=50).most(descriptors) == 50
    assert ServingSettings(connections=100_000).most(descriptors) == descriptors - min(200, descriptors // 2)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(), False),
        (Settings(public_url="https://shop.example"), True),
        (Settings(public_url="https://shop.example", host="0.0.0.0"), False),
        (
            Settings(
                public_url="https://shop.example", room_settings=(LimitSettings(trusted_proxies="::1"),)
            ),
            False,
        ),
    ],
)
def test_a_proxy_that_hides_the_clients_is_told_at_the_start(
    settings: Settings, told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    _warn_of_unseen_clients(settings)
    assert ("PAYWALL_TRUSTED_PROXIES" in caplog.text) == told
