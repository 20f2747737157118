"""The arithmetic of the rate limits, and who counts as one client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywall.errors import TooManyRequests
from paywall.limits.buckets import MINUTE, Buckets, interval
from paywall.limits.networks import TrustedProxies, client_at
from paywall.limits.settings import CLAIMS, LOOKUPS, ORDERS, LimitSettings

NOW = 1_800_000_000_000_000
WHO = ("192.0.2.1", ORDERS)


def passed(buckets: Buckets, now: int, step: int, tries: int) -> int:
    return sum(refusal(buckets, now, step) == 0 for _ in range(tries))


def test_a_minutes_calls_may_come_at_once_and_then_as_fast_as_they_come_back() -> None:
    buckets, step = Buckets(), interval(60)
    assert passed(buckets, NOW, step, 100) == 60
    assert passed(buckets, NOW + 999_999, step, 100) == 0
    assert passed(buckets, NOW + 1_000_000, step, 100) == 1
    assert passed(buckets, NOW + 11_000_000, step, 100) == 10
    assert passed(buckets, NOW + 10 * MINUTE, step, 100) == 60


@given(st.integers(1, 100_000), st.lists(st.integers(0, 3 * MINUTE), max_size=50))
def test_who_waits_as_long_as_he_is_told_is_let_through(per_minute: int, pauses: list[int]) -> None:
    buckets, step, now = Buckets(), interval(per_minute), NOW
    for pause in pauses:
        now += pause
        if told := refusal(buckets, now, step):
            assert told <= 60
            now += told * 1_000_000
            assert refusal(buckets, now, step) == 0


def refusal(buckets: Buckets, now: int, step: int) -> int:
    """How many seconds it is told to wait; 0: it was let through."""
    try:
        buckets.take(WHO, now, step)
    except TooManyRequests as refused:
        return refused.retry_after or 0
    return 0


def test_a_refused_call_takes_nothing() -> None:
    buckets, step = Buckets(), interval(1)
    assert passed(buckets, NOW, step, 2) == 1
    for second in range(59):
        assert passed(buckets, NOW + second * 1_000_000, step, 1) == 0
    assert passed(buckets, NOW + MINUTE, step, 1) == 1


def test_memory_is_bounded_and_the_longest_silent_is_forgotten() -> None:
    buckets = Buckets(clients=100)
    for client in range(1000):
        buckets.take((str(client), ORDERS), NOW, interval(1))
        buckets.note(("0", ORDERS), NOW + MINUTE)
    assert len(buckets) == 100
    with pytest.raises(TooManyRequests):
        buckets.take(("0", ORDERS), NOW, interval(1))


@pytest.mark.parametrize(
    ("address", "network", "local"),
    [
        ("192.0.2.7", "192.0.2.7", False),
        ("::ffff:192.0.2.7", "192.0.2.7", False),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", False),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64", False),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64", False),
        ("fe80::1%eth0", "fe80::/64", False),
        ("127.0.0.9", "127.0.0.9", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::1", "::/64", True),
        ("", "local", True),
        ("a socket", "local", True),
    ],
)
def test_an_ipv6_client_is_its_64_and_every_other_its_address(
    address: str, network: str, local: bool
) -> None:
    client = client_at(address)
    assert (client.network, client.local) == (network, local)


FORWARDED = [
    # trusted, who connects, what it says, who it is
    ("", "203.0.113.1", ["198.51.100.7"], "203.0.113.1"),
    ("10.0.0.0/8", "203.0.113.1", ["198.51.100.7"], "203.0.113.1"),
    ("10.0.0.0/8", "10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
    ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
    ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
    ("10.0.0.0/8", "10.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
    ("10.0.0.0/8, fd00::/8", "fd00::1", ["[2001:db8::5]:4711"], "2001:db8::/64"),
    ("10.0.0.0/8", "10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.0/8", "10.0.0.1", ["1.1.1.1, unknown"], "10.0.0.1"),
    ("10.0.0.0/8", "10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
    ("127.0.0.1", "127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
]


@pytest.mark.parametrize(("trusted", "peer", "lines", "client"), FORWARDED)
def test_only_a_trusted_proxy_says_for_whom_it_asks(
    trusted: str, peer: str, lines: list[str], client: str
) -> None:
    assert TrustedProxies(trusted).client(peer, lines).network == client


def test_loopback_has_no_limit_until_one_is_set() -> None:
    default, chosen = LimitSettings(), LimitSettings(orders_per_minute=7)
    assert [default.per_minute(kind, local=True) for kind in (ORDERS, CLAIMS, LOOKUPS)] == [0, 0, 0]
    assert [default.per_minute(kind, local=False) for kind in (ORDERS, CLAIMS, LOOKUPS)] == [120, 300, 600]
    assert {chosen.per_minute(ORDERS, local=local) for local in (True, False)} == {7}
