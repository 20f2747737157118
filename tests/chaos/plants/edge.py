"""Guards at the edge, taken away: what strangers may take up, buy and see."""

from tests.chaos.plants.base import Edit, Plant

PLANTS = {
    "more is sold than the tokens cover": Plant(
        "paywall.burns.wallet.coverage",
        (Edit("check", "    if credits > self._left:\n", "    if credits < 0:\n"),),
        "more is asked for than there is",
        "5",
    ),
    "nobody is too fast": Plant(
        "paywall.limits.limiter",
        (Edit("take", "    if client is None or not per_minute:\n", "    if kind:\n"),),
        "a client orders too often",
        "limits",
    ),
    "one client may have all connections": Plant(
        "paywall.serving.connections",
        (
            Edit(
                "_has_room",
                """\
    if share.open >= share.most:
        return self._make_room(share.waiting)
""",
                "",
            ),
        ),
        "a client opens too many connections",
        "limits",
    ),
    "silence is waited for": Plant(
        "paywall.serving.bounded_http",
        (
            Edit(
                "connection_made",
                "    self._expect(self._limits.first_byte_seconds)\n",
                "",
            ),
        ),
        "a client says nothing",
        "limits",
    ),
    "a shared proof shares the prompt": Plant(
        "paywall.proofs.public",
        (
            Edit(
                "_redemption",
                "    use = self._use(row) if row.account_id == account_id else None\n",
                "    use = self._use(row)\n",
            ),
        ),
        "a stranger looks at another's use",
        "privacy",
    ),
}
