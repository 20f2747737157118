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
    "heads may be as long as they like": Plant(
        "paywall.serving.bounded_http",
        (
            Edit(
                "_begin",
                "    self._room, self._fields = self._limits.header_bytes, self._limits.header_count\n",
                "    self._room, self._fields = 1 << 30, self._limits.header_count\n",
            ),
        ),
        "a client sends a head without end",
        "limits",
    ),
    "a NUL is stored": Plant(
        "paywall.web.edge.storable",
        (
            Edit(
                "check_storable",
                '    if b"\\0" in texts or not is_storable(scope["path"]):\n',
                "    if not scope:\n",
            ),
        ),
        "a path holds what no store can",
        "storable",
    ),
    "strangers ask the chain through us": Plant(
        "paywall.limits.outside_calls",
        (Edit("count", "    if client is None:\n", "    if self._settings:\n"),),
        "a client makes us ask the chain too often",
        "limits",
    ),
    "the last tokens are paid for by everybody": Plant(
        "paywall.payments.claims",
        (
            Edit(
                "_check",
                "    if checked.paid_at is None and self._cover is not None:\n",
                "    if checked.paid_at is not None and self._cover is not None:\n",
            ),
        ),
        "more is paid for than there is",
        "5",
    ),
    "the proof of a refused request stays good": Plant(
        "paywall.redemptions.access",
        (Edit("use_up", "    if proof is not None:\n", "    if proof is None:\n"),),
        "a refused request is sent again",
        "6",
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
