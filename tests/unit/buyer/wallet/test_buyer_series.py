"""Series of idempotency keys: the same words make the same keys, and no two processes share a series."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from buyer.purchase import receipts
from buyer.redemptions import jobs, series
from buyer.redemptions.asked import HeldSeries
from buyer.redemptions.jobs import WantedUse
from buyer.redemptions.series import KeySeries, Taken
from buyer.wallet import lease
from buyer.wallet.file import Wallet

VERSION_6 = Path(__file__).with_name("wallet_version_6.sql")
ME, OTHER, ELSEWHERE = lease.this_process("me"), lease.this_process("other"), "elsewhere:1:1"
NOW = 1_700_000_000


@pytest.fixture
def used(path: Path) -> Path:
    """A wallet as version 6 left it, opened once."""
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_6.read_text())
    path.chmod(0o600)
    return path


def test_the_same_words_and_number_make_the_same_key_and_all_else_another() -> None:
    one, other = KeySeries(b"1" * 32), KeySeries(b"2" * 32)
    keys = [one.key(b"a", 0), one.key(b"a", 1), one.key(b"b", 0), other.key(b"a", 0)]
    assert one.key(b"a", 0) == keys[0]
    assert len(set(keys)) == 4
    assert all(len(key) == 32 and key.isalnum() for key in keys)


def test_a_wallet_of_version_6_knows_what_was_asked_and_goes_on_with_it(used: Path) -> None:
    with closing(Wallet.open(used)) as wallet:
        (held,) = wallet.transact(receipts.every)
        assert wallet.transact(lambda db: jobs.cost(db, held.id)) == 3
        body = '{"name":"James Monroe"}'
        (lost,) = wallet.transact(lambda db: jobs.unanswered(db, held.id, "/api/images/generate", body))
        fresh = WantedUse.new("key", held.id, "/x", "{}", cost=4)
        wallet.transact(lambda db: jobs.note_asked(db, fresh, None))
        assert wallet.transact(lambda db: jobs.cost(db, held.id)) == 7
        for key in (lost.idempotency_key, "key"):
            wallet.transact(lambda db, key=key: jobs.refused(db, key))  # type: ignore[misc]  # bound now
        assert wallet.transact(lambda db: jobs.cost(db, held.id)) == 2


def test_what_a_living_process_holds_nobody_takes_and_what_a_dead_one_held_one_takes(used: Path) -> None:
    with closing(Wallet.open(used)) as wallet:
        (held,) = wallet.transact(receipts.every)

        def take(owner: str, now: int = NOW) -> Taken | None:
            return wallet.transact(lambda db: series.take(db, held.id, owner, now=now))

        mine = take(ME)
        assert mine is not None
        assert not mine.broken
        assert take(OTHER) is None, "its process lives"
        assert take(ELSEWHERE) is None
        late = NOW + lease.SECONDS
        assert take(ELSEWHERE, late) == Taken(mine.keys, broken=True)
        assert take(ME, late) is None, "nobody knows of another machine's, until it is overdue"
        assert wallet.transact(lambda db: series.renew(db, mine, ME, now=late)) is None, "it was taken over"


def test_what_a_living_process_may_be_asking_is_no_lost_key(used: Path) -> None:
    with closing(Wallet.open(used)) as wallet:
        (held,) = wallet.transact(receipts.every)
        mine = wallet.transact(lambda db: series.take(db, held.id, ME, now=NOW))
        assert mine is not None

        def lost(now: int) -> str | None:
            return wallet.transact(lambda db: series.lost_key(db, held.id, b"words", jobs.is_known, now=now))

        assert lost(NOW + lease.SECONDS - 1) is None
        assert lost(NOW + lease.SECONDS) == mine.keys.key(b"words", 0), "it is overdue"


def test_a_series_is_renewed_in_place_and_a_broken_one_outlives_who_goes_on_with_it(used: Path) -> None:
    with closing(Wallet.open(used)) as wallet:
        (held,) = wallet.transact(receipts.every)

        def take(owner: str, now: int) -> Taken | None:
            return wallet.transact(lambda db: series.take(db, held.id, owner, now=now))

        own = take(ELSEWHERE, NOW)
        assert own is not None
        renewed = wallet.transact(lambda db: series.renew(db, own, ELSEWHERE, now=NOW))
        assert renewed is not None
        assert renewed.keys != own.keys
        late = NOW + lease.SECONDS
        broken = take(ME, late)
        assert broken == Taken(renewed.keys, broken=True)
        assert wallet.transact(lambda db: series.renew(db, broken, ME, now=late)) == broken
        assert wallet.transact(lambda db: series.unsure(db, held.id, ME))
        wallet.transact(lambda db: series.close(db, held.id, ME))
        assert take(OTHER, late) == broken
        wallet.transact(lambda db: series.close(db, held.id, OTHER))
        last = take(OTHER, held.expires_at + series.KEPT_SECONDS)
        assert last is not None
        assert not last.broken


@pytest.mark.parametrize("broken", [False, True])
def test_a_broken_series_passes_over_the_keys_that_the_wallet_knows(broken: bool) -> None:
    keys = KeySeries(b"1" * 32)
    known = {keys.key(b"a", 1), keys.key(b"a", 2)}
    held = HeldSeries(Taken(keys, broken), 0, broken, lambda: NOW)
    given = [held.next_key(b"a", known.__contains__) for _ in range(3)]
    assert given == [keys.key(b"a", number) for number in ((0, 3, 4) if broken else (0, 1, 2))]
    assert held.next_key(b"b", known.__contains__) == keys.key(b"b", 0)


def test_a_process_of_a_dead_one_s_number_is_not_taken_for_it() -> None:
    """In a container every process behind a crash has the same number."""
    host, process, nonce = ME.rsplit(":", 2)
    pid, _, started = process.partition(".")
    assert started
    assert not lease.is_dead(ME)
    assert lease.is_dead(f"{host}:{pid}.{int(started) - 1}:{nonce}")
    assert not lease.is_dead(f"{host}:{pid}:{nonce}"), "as the versions before named it"
    assert not lease.is_dead(f"elsewhere:{pid}.1:{nonce}")
