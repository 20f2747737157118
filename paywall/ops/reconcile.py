"""The invariants, each with its figures. Looks alone: on a running server too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from paywall.burns.custody import Custody
from paywall.burns.supply import Supply, read_supply
from paywall.credits.postings import BUCKETS
from paywall.database.engine import Database, Transaction
from shared.chain.base import Chain

_ACCOUNTS = """SELECT count(*), COALESCE(sum(granted), 0), COALESCE(sum(available), 0), COALESCE(sum(reserved), 0),
    COALESCE(sum(captured), 0), COALESCE(sum(expired), 0), COALESCE(sum(revoked), 0), COALESCE(sum(moved), 0)
    FROM credit_account"""
_WRONG_ACCOUNTS = """SELECT count(*) FROM credit_account
    WHERE granted <> available + reserved + captured + expired + revoked + moved OR granted < 0 OR available < 0
    OR reserved < 0 OR captured < 0 OR expired < 0 OR revoked < 0 OR moved < 0"""
_WRONG_TRANSFERS = "SELECT count(*) FROM posting WHERE amount <= 0 OR source = target"
#: both sides of every posting, summed for each account and bucket
_SUMS = " ".join(
    f", sum(CASE '{bucket}' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END) AS {bucket}"
    for bucket in BUCKETS
)
_WRONG_BALANCES = f"""SELECT count(*) FROM credit_account a
    LEFT JOIN (SELECT account_id{_SUMS} FROM posting GROUP BY account_id) p ON p.account_id = a.id
    WHERE p.account_id IS NULL OR a.granted <> -p.granted OR a.available <> p.available OR a.reserved <> p.reserved
    OR a.captured <> p.captured OR a.expired <> p.expired OR a.revoked <> p.revoked OR a.moved <> p.moved"""  # noqa: S608
_STATES = """SELECT
    (SELECT count(*) FROM redemption WHERE state = 'captured' AND owes_burn),
    (SELECT count(*) FROM burn), (SELECT COALESCE(sum(quantity), 0) FROM burn),
    (SELECT count(*) FROM burn LEFT JOIN redemption r ON r.id = burn.redemption_id AND r.state = 'captured'
        AND r.owes_burn AND r.quantity = burn.quantity WHERE r.id IS NULL),
    (SELECT COALESCE(sum(quantity), 0) FROM redemption WHERE state = 'reserved'),
    (SELECT COALESCE(sum(quantity), 0) FROM redemption WHERE state = 'captured')"""
_BURNS = """SELECT COALESCE(b.state, 'waiting'), count(*) FROM burn
    LEFT JOIN burn_batch b ON b.id = burn.batch_id GROUP BY 1"""
_WRONG_BATCHES = """SELECT count(*) FROM burn_batch b
    WHERE b.size <> (SELECT count(*) FROM burn WHERE burn.batch_id = b.id)
    OR b.quantity <> (SELECT COALESCE(sum(quantity), 0) FROM burn WHERE burn.batch_id = b.id)"""
_WRONG_PAYMENTS = """SELECT count(*) FROM payment_request q WHERE
    (q.state IN ('paid', 'reversed')) <> EXISTS (SELECT 1 FROM receipt r WHERE r.payment_request_id = q.id)
    OR (SELECT count(*) FROM payment p WHERE p.payment_request_id = q.id AND p.state = 'settled')
        <> CASE WHEN q.state = 'paid' THEN 1 ELSE 0 END"""
_SURPLUS = "SELECT external_id, amount, reason FROM payment WHERE state = 'surplus' ORDER BY created_at"
#: of all accounts that the payment's credits are on, however many hands they went through
_REVERSED = """SELECT p.external_id, sum(a.revoked), sum(a.captured), sum(a.reserved), p.reason FROM payment p
    JOIN (SELECT id, payment_id FROM receipt UNION ALL SELECT receipt_id, payment_id FROM gift) r ON r.payment_id = p.id
    JOIN credit_account a ON a.id = r.id
    WHERE p.state = 'reversed' GROUP BY p.id, p.external_id, p.reason, p.created_at ORDER BY p.created_at"""
_GIFTS = "SELECT count(*), COALESCE(sum(credits), 0) FROM gift"
_WRONG_GIFTS = """SELECT
    (SELECT count(*) FROM credit_account a
        LEFT JOIN (SELECT account_id, sum(credits) AS credits FROM gift GROUP BY account_id) g ON g.account_id = a.id
        WHERE a.moved <> COALESCE(g.credits, 0))
    + (SELECT count(*) FROM gift g LEFT JOIN credit_account a ON a.id = g.receipt_id
        WHERE a.id IS NULL OR a.granted <> g.credits)"""
_UNPAID = "SELECT count(*), min(expires_at) FROM payment_request WHERE state = 'open'"
_ATTEMPTS = (
    """SELECT a.tx_hash, b.quantity, b.id FROM burn_attempt a JOIN burn_batch b ON b.id = a.batch_id"""
)
_CONFIRMED = "SELECT id FROM burn_batch WHERE state = 'confirmed'"
_STUCK = """SELECT (SELECT count(*) FROM redemption WHERE state = 'reserved'),
    (SELECT count(*) FROM payment WHERE state = 'settling'),
    (SELECT count(*) FROM burn_batch WHERE state IN ('open', 'signed', 'submitted', 'seen')),
    (SELECT count(*) FROM burn_batch WHERE state = 'parked')"""
#: how often to look at a chain that moves on meanwhile
LOOKS = 5


@dataclass(frozen=True, slots=True)
class Invariant:
    """One invariant. A `note` is something to look at that breaks nothing."""

    name: str
    holds: bool
    figures: dict[str, Any] = field(default_factory=dict)
    note: bool = False

    def line(self, width: int = 0) -> str:
        """Of a table whose names are `width` wide."""
        verdict = "note" if self.note else "holds" if self.holds else "BROKEN"
        figures = "  ".join(f"{name}={value}" for name, value in self.figures.items())
        return f"{verdict:<6}  {self.name:<{width}}  {figures}".rstrip()


def table(checks: Sequence[Invariant]) -> list[str]:
    """A line for each."""
    width = max(len(check.name) for check in checks)
    return [check.line(width) for check in checks]


class Reconciliation:
    """Checks the invariants of the database, and those between it and the chain."""

    def __init__(self, database: Database, custody: Custody | None, chain: Chain | None) -> None:
        """Without a chain, or for a seller without burns, the invariants that need one are left out."""
        self._database = database
        self._custody = custody
        self._chain = chain

    async def run(self) -> list[Invariant]:
        """Errors: ChainUnavailable."""
        on_chain: list[Invariant] = []
        if self._chain is not None and self._custody is not None:
            on_chain = await self._at_one_block(self._chain, self._custody)
        return await self._database.read(_read) + on_chain

    async def _at_one_block(self, chain: Chain, custody: Custody) -> list[Invariant]:
        """A burn that lands between two looks would count in one of them alone."""
        for left in reversed(range(LOOKS)):
            tip = await chain.tip()
            final = await self._database.read(
                lambda tx: list(tx.connection.execute(text(_CONFIRMED)).scalars())
            )
            supply, landed = await read_supply(custody, chain), await self._landed(chain)
            if not left or (await chain.tip()).hash == tip.hash:
                return _on_chain(supply, landed, final)
        raise AssertionError("the last look returns")

    async def _landed(self, chain: Chain) -> dict[str, list[int]]:
        """Batch id → the tokens burned by each of its attempts that is on chain."""
        found: dict[str, list[int]] = {}
        for tx_hash, tokens, batch_id in await self._database.read(
            lambda tx: [tuple(row) for row in tx.connection.execute(text(_ATTEMPTS))]
        ):
            if await chain.inclusion(tx_hash) is not None:
                found.setdefault(batch_id, []).append(tokens)
        return found


def _read(tx: Transaction) -> list[Invariant]:
    def one(query: str) -> Any:
        return tx.connection.execute(text(query)).one()

    accounts = one(_ACCOUNTS)
    wrong, unbalanced, drifted = one(_WRONG_ACCOUNTS)[0], one(_WRONG_TRANSFERS)[0], one(_WRONG_BALANCES)[0]
    captured, burns, tokens, stray, reserved, used = one(_STATES)
    by_state = {str(state): int(count) for state, count in tx.connection.execute(text(_BURNS))}
    stuck = one(_STUCK)
    names = ("accounts", "granted", "available", "reserved", "captured", "expired", "revoked", "moved")
    return [
        Invariant(
            "every account's buckets sum to what was granted",
            wrong == 0,
            dict(zip(names, accounts, strict=True)),
        ),
        Invariant(
            "postings sum to zero, and to each balance",
            unbalanced == drifted == 0,
            {"unbalanced": unbalanced, "drifted": drifted},
        ),
        Invariant(
            "reserved and captured credits are redemptions",
            (accounts[3], accounts[4]) == (reserved, used),
            {"reserved": reserved, "captured": used},
        ),
        Invariant(
            "captured redemptions and burns are one to one",
            captured == burns and stray == 0,
            {"captured": captured, "burns": burns, "tokens": tokens},
        ),
        Invariant(
            "every burn is waiting, under way or confirmed", sum(by_state.values()) == captured, by_state
        ),
        Invariant("every batch burns what was put into it", one(_WRONG_BATCHES)[0] == 0),
        Invariant(
            "what one account gave another has received",
            one(_WRONG_GIFTS)[0] == 0,
            dict(zip(("gifts", "credits"), one(_GIFTS), strict=True)),
        ),
        Invariant("a request is paid by one payment, or by none", one(_WRONG_PAYMENTS)[0] == 0),
        Invariant(
            "nothing is parked",
            stuck[3] == 0,
            {"reserved": stuck[0], "settling": stuck[1], "burning": stuck[2]},
        ),
        *_notes(tx),
    ]


def _notes(tx: Transaction) -> list[Invariant]:
    """What a person should look at, and breaks nothing."""
    run = tx.connection.execute
    unpaid, oldest = run(text(_UNPAID)).one()
    figures = {"open": unpaid, "oldest expires": "–" if oldest is None else _date(oldest)}
    found = [("unpaid requests are forgotten after a while", figures)]
    undone = ("transaction", "revoked", "lost", "reserved", "reason")
    for name, names, query in (
        ("a surplus payment waits for a person", ("transaction", "amount", "reason"), _SURPLUS),
        ("a payment was undone, and used credits are lost", undone, _REVERSED),
    ):
        found += [(name, dict(zip(names, row, strict=True))) for row in run(text(query))]
    return [Invariant(name, True, figures, note=True) for name, figures in found]


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _on_chain(supply: Supply, landed: Mapping[str, Sequence[int]], final: Sequence[str]) -> list[Invariant]:
    ours = sum(sum(attempts) for attempts in landed.values())
    twice = sum(len(attempts) > 1 for attempts in landed.values())
    gone = sum(batch_id not in landed for batch_id in final)
    return [
        Invariant("no batch is burned twice", twice == 0, {"batches on chain": len(landed)}),
        Invariant("what is confirmed is on the chain", gone == 0, {"confirmed": len(final), "gone": gone}),
        Invariant(
            "custodial tokens are minted minus burned",
            supply.held == supply.minted - supply.burned,
            {"minted": supply.minted, "burned": supply.burned, "held": supply.held},
        ),
        Invariant(
            "what is burned on chain is ours to the token",
            supply.burned == ours,
            {"burned": supply.burned, "in our batches": ours},
        ),
    ]
