"""What a process has asked for since its wallet's last commit, and what came of it.

A following use waits for no disk, unless another process has its series. Its idempotency key is made of a series that
was stored before (`series.py`): whatever ends this process, the same words are asked again under the same key. What was
asked and what came of it is written with the wallet's next commit, after NOTE_SECONDS, or when one of them ends.
"""

import atexit
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from weakref import WeakSet

from buyer.errors import SellerFault, WalletError, nothing
from buyer.redemptions import jobs, series
from buyer.redemptions.asked import AskedUse, HeldSeries, digest
from buyer.redemptions.jobs import WantedUse
from buyer.wallet import lease
from buyer.wallet.file import Wallet

NOTE_SECONDS = 1.0
#: uses that are unwritten at most: their words are in memory
MOST_UNWRITTEN = 500


class UnderWay:
    """The uses of one open wallet that are under way. Every client of the wallet shares it."""

    def __init__(self, wallet: Wallet) -> None:
        self._wallet = wallet
        self._pid = os.getpid()
        self._nonce = str(uuid.uuid4())
        #: what its series and leases are held by
        self.owner = lease.this_process(self._nonce)
        self._uses: dict[str, AskedUse] = {}
        #: by redemption, whose key it was
        self._delivered: dict[str, str] = {}
        self._held: dict[str, HeldSeries] = {}
        self._renewed: dict[str, HeldSeries | None] = {}
        self._timer: threading.Timer | None = None
        self._noted_at = time.monotonic()
        #: a commit that ends the series which began nothing since the one before it; one that ends them all
        self._looking = self._ending = self._failed = self._closed = False

    @classmethod
    def of(cls, wallet: Wallet) -> "UnderWay":
        """The one of an open wallet."""
        with wallet.alone:
            found = wallet.unwritten
            if not isinstance(found, cls):
                found = wallet.unwritten = cls(wallet)
                _every.add(found)
            return found

    def begin(self, wanted: WantedUse, *, now: Callable[[], int]) -> AskedUse:
        """What is to be asked for: what was asked in the same words and never came, else `wanted` under a new key.

        WalletError while what was asked before cannot be written down: nothing goes out that could not be noted.
        """
        with self._wallet.alone:
            self._check_written()
            asked = self._taken_up(wanted, now) or self._new(wanted, now)
            self._uses[asked.use.idempotency_key] = asked
            self._start_timer()
            return asked

    def answered(self, asked: AskedUse, redemption_id: str) -> None:
        """SellerFault when another use has that redemption: one burn would have to serve for two."""
        with self._wallet.alone:
            key = asked.use.idempotency_key
            if self._delivered.get(redemption_id, key) != key or self._wallet.read(
                lambda db: jobs.is_anothers(db, redemption_id, key)
            ):
                raise SellerFault("redemption_repeated", "the seller gave two uses the same redemption id")
            self._delivered[redemption_id] = key
            asked.state, asked.redemption_id = "delivered", redemption_id

    def ended(self, asked: AskedUse) -> None:
        """It has no answer: whoever asks in the same words next takes it up."""
        with self._wallet.alone:
            asked.state = "ended"
            # The caller hears of what went wrong with the use; of the wallet, whoever asks next.
            with suppress(WalletError):
                self.note()

    def lacks(self, receipt_id: str, granted: int, left: int) -> bool:
        """Whether fewer credits are left than all uses account for; False while others may have asked for more."""
        with self._wallet.alone:
            if self._accounts_for(receipt_id, granted - left):
                return False
            self.note()  # which reads what other processes have noted
            return not self._accounts_for(receipt_id, granted - left)

    def _accounts_for(self, receipt_id: str, taken: int) -> bool:
        held = self._held.get(receipt_id)
        if held is not None:
            return held.unsure or taken <= held.cost
        owner = self.owner
        unsure, cost = self._wallet.read(
            lambda db: (series.unsure(db, receipt_id, owner), jobs.cost(db, receipt_id))
        )
        return unsure or taken <= cost

    def note(self) -> None:
        """Write down what is unwritten. Errors: WalletError."""
        if (self._uses or self._held) and not self._closed and self._pid == os.getpid():
            self._failed = True
            self._wallet.transact(nothing)

    def write(self, db: sqlite3.Connection) -> None:
        self._check_own()
        for asked in self._uses.values():
            self._write(db, asked)
        self._renewed = {name: self._next(db, name, held) for name, held in self._held.items()}

    def written(self) -> None:
        self._uses = {key: asked for key, asked in self._uses.items() if asked.state == "asked"}
        for asked in self._uses.values():
            asked.stored = True
        self._held = {name: held for name, held in self._renewed.items() if held is not None}
        self._delivered.clear()
        self._failed, self._noted_at = False, time.monotonic()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for asked in self._uses.values():
            asked.state = "delivered" if asked.state == "delivered" else "ended"
        self._ending = True
        try:
            self.note()
        finally:
            self._closed = True

    def _write(self, db: sqlite3.Connection, asked: AskedUse) -> None:
        if not asked.stored:
            jobs.note_asked(db, asked.use, asked.redemption_id)
        elif asked.redemption_id is not None:
            jobs.note_delivered(db, asked.use.idempotency_key, asked.redemption_id)
        if asked.state == "asked":
            lease.keep(db, self._work(asked.use, asked.now))
        elif asked.stored:
            lease.let_go(db, self._work(asked.use, asked.now))

    def _work(self, use: WantedUse, now: Callable[[], int]) -> lease.Work:
        """Asking for a stored use, which one process at a time does."""
        return lease.Work(self._wallet, f"use {use.idempotency_key}", now, self._nonce)

    def _next(self, db: sqlite3.Connection, receipt_id: str, held: HeldSeries) -> HeldSeries | None:
        """What a receipt's keys are made of from this commit on."""
        if not held.begun and not self._looking and not self._ending:
            return held
        if held.begun <= 1 or self._ending:
            # A lone use: what has nothing under way leaves nothing that a crash, or a copy, could repeat.
            series.close(db, receipt_id, self.owner)
            return None
        own = series.renew(db, held.own, self.owner, now=held.now())
        if own is None:
            return None
        cost, unsure = jobs.cost(db, receipt_id), series.unsure(db, receipt_id, self.owner)
        return HeldSeries(own, cost, unsure, held.now, next=held.next if own.broken else {})

    def _check_written(self) -> None:
        self._check_own()
        unwritten = sum(held.begun for held in self._held.values())
        late = unwritten and time.monotonic() - self._noted_at > 2 * NOTE_SECONDS
        if self._failed or late or unwritten >= MOST_UNWRITTEN:
            self.note()

    def _check_own(self) -> None:
        if self._pid != os.getpid():
            # The keys that this process would make are those that its parent makes.
            told = f"{self._wallet.path} was opened by another process"
            raise WalletError("wallet_forked", told, hint="Open the wallet after the fork.")

    def _taken_up(self, wanted: WantedUse, now: Callable[[], int]) -> AskedUse | None:
        def find(db: sqlite3.Connection) -> list[WantedUse]:
            return jobs.unanswered(db, wanted.receipt_id, wanted.target, wanted.body)

        # Calls side by side want a delivery each: a key that is being asked for is left alone.
        for use in self._wallet.read(find):
            if use.idempotency_key in self._uses:
                continue
            if self._wallet.transact(partial(_take, self._work(use, now), use, find)):
                return AskedUse(use, now, stored=True)
        return None

    def _new(self, wanted: WantedUse, now: Callable[[], int]) -> AskedUse:
        held = self._held.get(wanted.receipt_id)
        if held is None:
            alone = wanted.under(str(uuid.uuid4()))
            held = self._wallet.transact(lambda db: self._open(db, alone, now))
            if held is None:
                return AskedUse(alone, now, stored=True)
            self._held[wanted.receipt_id] = held
        held.begun += 1
        held.cost += wanted.cost
        key = held.next_key(digest(wanted), self._is_known)
        return AskedUse(wanted.under(key), now, may_be_lost=held.own.broken)

    def _open(self, db: sqlite3.Connection, alone: WantedUse, now: Callable[[], int]) -> HeldSeries | None:
        """The receipt's series, durable before any key of it goes out.

        None while another process has it: the use is written down instead, `alone`, before it is asked for.
        """
        own = series.take(db, alone.receipt_id, self.owner, now=now())
        if own is None:
            jobs.note_asked(db, alone, None)
            lease.acquire(db, self._work(alone, now))
            return None
        cost, unsure = jobs.cost(db, alone.receipt_id), series.unsure(db, alone.receipt_id, self.owner)
        return HeldSeries(own, cost, unsure, now)

    def _is_known(self, key: str) -> bool:
        return key in self._uses or self._wallet.read(lambda db: jobs.is_known(db, key))

    def _start_timer(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(NOTE_SECONDS, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self._wallet.alone:
            self._timer = None
            if self._closed:
                return
            changed = self._held or any(not one.stored or one.state != "asked" for one in self._uses.values())
            if changed or time.monotonic() - self._noted_at >= lease.RENEW_EVERY:
                self._looking = True
                with suppress(WalletError):
                    self.note()
                self._looking = False
            if self._uses or self._held:
                self._start_timer()


def _take(
    work: lease.Work,
    use: WantedUse,
    find: Callable[[sqlite3.Connection], list[WantedUse]],
    db: sqlite3.Connection,
) -> bool:
    return lease.acquire(db, work) and use in find(db)


_every: "WeakSet[UnderWay]" = WeakSet()


@atexit.register
def _note_at_exit() -> None:
    """A program that closes nothing has ended all the same, and has not crashed."""
    for one in list(_every):
        with suppress(WalletError), one._wallet.alone:  # noqa: SLF001
            one.close()
