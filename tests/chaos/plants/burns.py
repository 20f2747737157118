"""Guards of the custodial wallet, taken away."""

from tests.chaos.plants.base import Edit, Plant

PLANTS = {
    "only the newest attempt is looked for": Plant(
        "paywall.burns.watching",
        (
            Edit(
                "_look",
                "    for attempt in newest_first:\n",
                "    for attempt in newest_first[:1]:\n",
            ),
        ),
        "a burn is hidden past its expiry",
        "9",
    ),
    "attempts share no anchor": Plant(
        "paywall.burns.signing",
        (
            Edit(
                "_build",
                "    order = BurnOrder(_committed(batch), must_spend=list(must_spend))\n",
                "    order = BurnOrder(_committed(batch), must_spend=[])\n",
            ),
        ),
        "a burn is hidden while tokens come",
        "no batch is burned twice",
    ),
    "depth is counted in slots": Plant(
        "paywall.burns.states",
        (
            Edit(
                "next_step",
                "    if seen.final_slot > expiry_slot:\n",
                "    if seen.tip_slot > expiry_slot:\n",
            ),
        ),
        "many slots in few blocks",
        "4",
    ),
    "another program's spending never frees a batch": Plant(
        "paywall.burns.signing",
        (
            Edit(
                "is_hopeless",
                "    return rival is not None and rival.confirmations >= self._terms.confirmations\n",
                "    return False\n",
            ),
        ),
        "another program moves the wallet's outputs",
        "9",
    ),
    "what carries a script is spent too": Plant(
        "shared.cardano.coins",
        (
            Edit(
                "is_usable",
                "    return utxo.bare and not _is_junk(utxo, unit)\n",
                "    return not _is_junk(utxo, unit)\n",
            ),
        ),
        "a stranger gives a script",
        "9",
    ),
    "foreign tokens come into the change": Plant(
        "shared.cardano.coins",
        (
            Edit(
                "_is_junk", "    return bool(utxo.tokens) and unit not in utxo.tokens\n", "    return False\n"
            ),
            Edit(
                "_enough",
                "    if len(tokens) > 1 and len(output.amount.to_cbor()) > plan.parameters.max_value_size:\n",
                "    if not plan:\n",
                module="shared.cardano.make.drafting",
            ),
        ),
        "a stranger gives tokens of many kinds",
        "9",
    ),
    "a batch takes more than there is": Plant(
        "paywall.burns.wallet.forming",
        (
            Edit("_that_fit", "        if burn.quantity <= tokens:\n", "        if burn.quantity:\n"),
            Edit("dissolve", "    if store.attempts(tx, batch_id):\n", "    if batch_id:\n"),
        ),
        "fewer tokens are left than burns wait",
        "9",
    ),
}
