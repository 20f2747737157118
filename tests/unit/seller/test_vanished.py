"""For how long on end an attempt was out of reach: looks that follow each other, and nothing else."""

from paywall.burns.wallet.vanished import LONGEST_PAUSE, Vanished

DEPTH = 100


def test_it_takes_as_many_blocks_on_end_as_forks_go_deep() -> None:
    vanished = Vanished(DEPTH)
    found = [vanished.note("a", height) for height in range(1000, 1000 + DEPTH + 1, 10)]
    assert found == [False] * 10 + [True]


def test_a_pause_without_looks_counts_for_nothing() -> None:
    vanished = Vanished(DEPTH)
    assert not vanished.note("a", 1000)
    assert not vanished.note("a", 1000 + LONGEST_PAUSE)
    assert not vanished.note("a", 1000 + 2 * LONGEST_PAUSE + 1)
    assert not vanished.note("a", 1000 + 3 * LONGEST_PAUSE)


def test_it_begins_anew_once_it_is_shown() -> None:
    vanished = Vanished(DEPTH)
    for height in range(1000, 1000 + DEPTH, 10):
        vanished.note("a", height)
    vanished.end("a")
    assert not vanished.note("a", 1000 + DEPTH)
    vanished.end("never noted")


def test_a_short_fork_does_not_begin_it_anew_and_each_attempt_has_its_own() -> None:
    vanished = Vanished(DEPTH)
    for height in (1000, 1040, 1039, 1080):
        assert not vanished.note("a", height)
    assert not vanished.note("b", 1100)
    assert vanished.note("a", 1100)
