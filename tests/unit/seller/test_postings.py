from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import event
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, create_engine, select

from paywall.credits import postings, store
from paywall.credits.accounts import Owner
from paywall.credits.postings import BUCKETS, Transfer
from paywall.credits.tables import CreditAccountRow, PostingRow
from paywall.database.engine import Transaction
from paywall.database.schema import metadata
from paywall.errors import CreditsExhausted
from paywall.redemptions import store as redemption_store
from paywall.redemptions.request import Reservation
from tests.support.world.redemptions import BEARER, PROCESS, delivered, wanted

NAMES = st.text("abcdef-0123456789", min_size=1, max_size=8)
TABLES = [metadata().tables[name] for name in ("credit_account", "posting", "redemption", "holder_proof")]
PRODUCT, END = "image-credit", 100


@given(st.integers(max_value=0))
def test_a_transfer_moves_something(amount: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Transfer("key", "available", "reserved", amount)


@given(NAMES, st.integers(1, 9), NAMES, st.integers(1, 9))
def test_what_happens_once_has_a_key_of_its_own(one: str, first: int, other: str, second: int) -> None:
    def keys(name: str, number: int) -> list[str]:
        return [
            postings.grant(name, number).key,
            postings.reserve(name, number, 1).key,
            postings.capture(name, number, 1).key,
            postings.release(name, number, 1).key,
            postings.expire(name, 1, number).key,
        ]

    together = keys(one, first) + keys(other, second)
    grants = {one, other}  # a payment grants once, whatever it grants
    same = (one, first) == (other, second)
    assert len(set(together)) == (5 if same else 8 + len(grants))


class Accounts(RuleBasedStateMachine):
    """Accounts in the real tables, moved by the real statements, beside a model that counts."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"isolation_level": None})
        event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        metadata().create_all(self.engine, TABLES)
        self.connection = self.engine.connect()
        self.now = 0
        self.number = 0
        self.model: dict[str, dict[str, int]] = {}
        self.reserved: list[Reservation] = []

    def teardown(self) -> None:
        self.connection.close()
        self.engine.dispose()

    def begin(self) -> Transaction:
        self.connection.begin()
        return Transaction(self.connection, self.connection.connection.cursor())

    def end(self, tx: Transaction) -> None:
        tx.finish()
        tx.close()
        self.connection.commit()

    def name(self) -> str:
        self.number += 1
        return f"n{self.number}"

    @rule(credits=st.integers(1, 4), life=st.integers(1, END))
    def open_account(self, credits: int, life: int) -> None:
        name, tx = self.name(), self.begin()
        end = self.now + life
        self.open(tx, name, BEARER, postings.grant(name, credits), end)
        self.end(tx)
        self.model[name] = defaultdict(int, granted=credits, available=credits, end=end)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def reserve(self, data: st.DataObject) -> None:
        account, key = data.draw(st.sampled_from(sorted(self.model))), self.name()
        model, tx = self.model[account], self.begin()
        wish = wanted(key, account)
        if model["available"] and model["end"] > self.now:
            reservation = redemption_store.reserve(tx, wish, self.now, self.now, liveness=PROCESS)
            assert isinstance(reservation, Reservation)
            self.end(tx)
            self.reserved.append(reservation)
            self.count(account, "available", "reserved", 1)
            assert reservation.credits_remaining == model["available"]
        else:
            with pytest.raises(CreditsExhausted):
                redemption_store.reserve(tx, wish, self.now, self.now, liveness=PROCESS)
            tx.close()
            self.connection.rollback()

    @precondition(lambda self: self.reserved)
    @rule(data=st.data(), capture=st.booleans(), again=st.booleans())
    def finish(self, data: st.DataObject, capture: bool, again: bool) -> None:
        reservation = data.draw(st.sampled_from(self.reserved))
        self.reserved.remove(reservation)
        for expected in (True, False) if again else (True,):
            tx = self.begin()
            image = delivered(reservation.id)
            done = (
                redemption_store.capture(tx, reservation, image, self.now)
                if capture
                else redemption_store.release(tx, reservation.id, reservation.attempt, self.now)
            )
            self.end(tx)
            assert done is expected
        self.count(reservation.account_id, "reserved", "captured" if capture else "available", 1)

    @rule(seconds=st.integers(0, END))
    def expire(self, seconds: int) -> None:
        self.now += seconds
        tx = self.begin()
        due = [a for a, m in self.model.items() if m["end"] <= self.now and m["available"]]
        assert store.past_end(tx, self.now) == sorted(
            (self.model[account]["end"], account) for account in due
        )
        assert all(store.expire(tx, account, self.now) for account in due)
        self.end(tx)
        for account in due:
            self.count(account, "available", "expired", self.model[account]["available"])

    @precondition(lambda self: any(model["available"] for model in self.model.values()))
    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        """The credits leave one account and open another with its end, in one transaction."""
        account = data.draw(st.sampled_from(sorted(a for a, m in self.model.items() if m["available"])))
        credits, name = data.draw(st.integers(1, self.model[account]["available"])), self.name()
        tx, end = self.begin(), self.model[account]["end"]
        store.move(tx, account, postings.give(name, credits), self.now)
        self.open(tx, name, Owner("user", name), postings.receive(name, credits), end)
        self.end(tx)
        self.count(account, "available", "moved", credits)
        self.model[name] = defaultdict(int, granted=credits, available=credits, end=end)

    def open(self, tx: Transaction, name: str, owner: Owner, opening: Transfer, end: int) -> None:
        store.open_account(
            tx, account_id=name, owner=owner, product=PRODUCT, opening=opening, expires_at=end, now=self.now
        )

    def count(self, account: str, source: str, target: str, amount: int) -> None:
        self.model[account][source] -= amount
        self.model[account][target] += amount

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        with Session(self.connection) as session:
            for account in session.exec(select(CreditAccountRow)):
                balance = {bucket: getattr(account, bucket) for bucket in BUCKETS}
                assert balance == {bucket: self.model[account.id][bucket] for bucket in BUCKETS}
                assert min(balance.values()) >= 0
                assert balance["granted"] == sum(balance.values()) - balance["granted"]
                sums: dict[str, int] = dict.fromkeys(BUCKETS, 0)
                for posting in session.exec(select(PostingRow).where(PostingRow.account_id == account.id)):
                    sums[posting.source] -= posting.amount
                    sums[posting.target] += posting.amount
                assert sums | {"granted": -sums["granted"]} == balance


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
