"""Prometheus metrics: requests as they were counted, everything else read from the database when it is asked for."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import text

from paywall.burns import outputs
from paywall.burns.wallet.coverage import TokenCoverage
from paywall.database.engine import Database, Transaction
from paywall.ops.request_metrics import RequestMetrics


def _undone(bucket: str) -> str:
    """The sum of a bucket of all accounts that the credits of payments which were undone are on."""
    return f"""(SELECT COALESCE(sum(a.{bucket}), 0) FROM payment p
        JOIN (SELECT id, payment_id FROM receipt UNION ALL SELECT receipt_id, payment_id FROM gift) r
        ON r.payment_id = p.id JOIN credit_account a ON a.id = r.id WHERE p.state = 'reversed')"""  # noqa: S608  words of ours


_COUNTS = {
    "payment_requests": "SELECT state, count(*) FROM payment_request GROUP BY state",
    "payments": "SELECT state, count(*) FROM payment GROUP BY state",
    "undone_credits": f"SELECT 'revoked', {_undone('revoked')} UNION ALL SELECT 'lost', {_undone('captured')}",
    "unpaid_expiry": "SELECT 'oldest', COALESCE(min(expires_at), 0) FROM payment_request WHERE state = 'open'",
    "redemptions": "SELECT state, count(*) FROM redemption GROUP BY state",
    "burn_batches": "SELECT state, count(*) FROM burn_batch GROUP BY state",
    "burns": """SELECT COALESCE(b.state, 'waiting'), count(*) FROM burn
        LEFT JOIN burn_batch b ON b.id = burn.batch_id GROUP BY 1""",
    "burn_tokens": """SELECT COALESCE(b.state, 'waiting'), sum(burn.quantity) FROM burn
        LEFT JOIN burn_batch b ON b.id = burn.batch_id GROUP BY 1""",
}


class Metrics:
    """The seller's metrics. `count` takes method, route template, status and seconds of one request."""

    def __init__(
        self, database: Database, unit: str | None, low_water: int, coverage: TokenCoverage | None = None
    ) -> None:
        """`unit` is the custodial token's, None without burns; so many or fewer of it are low."""
        self._coverage = coverage
        self._database = database
        self._unit = unit
        self._low_water = low_water
        self._registry = CollectorRegistry()
        requests = RequestMetrics()
        self._registry.register(requests)
        self.count = requests.count
        self._rows = {
            name: Gauge(
                f"paywall_{name}", f"{name.replace('_', ' ')} by state", ["state"], registry=self._registry
            )
            for name in _COUNTS
        }
        self._tokens = Gauge(
            "paywall_custodial_tokens", "Tokens the custodial wallet holds", registry=self._registry
        )
        self._low = Gauge("paywall_custody_low", "1 from the low-water mark on", registry=self._registry)
        self._left = Gauge(
            "paywall_credits_left", "Credits that its tokens still cover", registry=self._registry
        )
        self._elsewhere = Gauge(
            "paywall_custodial_outputs_spent_elsewhere",
            "Its outputs that another program spent",
            registry=self._registry,
        )
        self._lovelace = Gauge("paywall_custodial_lovelace", "Lovelace it holds", registry=self._registry)

    async def exposition(self) -> tuple[bytes, str]:
        """The text exposition and its media type."""
        counts, held = await self._database.read(self._read)
        for name, by_state in counts.items():
            self._rows[name].clear()
            for state, count in by_state.items():
                self._rows[name].labels(state).set(count)
        if held is not None:
            lovelace, tokens = held
            self._tokens.set(tokens)
            self._low.set(tokens <= self._low_water)
            self._lovelace.set(lovelace)
            self._elsewhere.set(await self._database.read(outputs.count_spent_elsewhere))
        if self._coverage is not None:
            self._left.set(await self._coverage.left())
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _read(self, tx: Transaction) -> tuple[dict[str, dict[str, int]], tuple[int, int] | None]:
        counts = {
            name: {str(state): int(count) for state, count in tx.connection.execute(text(query))}
            for name, query in _COUNTS.items()
        }
        return counts, None if self._unit is None else outputs.totals(tx, self._unit)
